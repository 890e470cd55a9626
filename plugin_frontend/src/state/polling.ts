/** Asks for the runs again and again while the page is visible, less often while nobody answers. */
import { effect, signal } from "@preact/signals";
import { fetchRuns } from "../data/client.ts";
import { visible } from "../host/visibility.ts";
import { forgetChannels } from "./channel_records.ts";
import { forgetColumns } from "./columns.ts";
import { forgetDifferences } from "./differences.ts";
import { clearRecords } from "./frame.ts";
import { forgetHistories } from "./histories.ts";
import { forgetLabelMaps } from "./label_maps.ts";
import { forgetOtherRuns } from "./other_runs.ts";
import { forgetOverview } from "./overview_frame.ts";
import { forgetHeaders } from "./projection_records.ts";
import { reportReachable, reportTrouble, unreachable } from "./reachability.ts";
import { runs } from "./runs.ts";
import { forgetSheets } from "./sheets.ts";
import { forgetSteps } from "./steps.ts";
import { forgetVolumes } from "./volumes.ts";

const PERIOD = 5_000;
const LONGEST_PERIOD = 60_000;

export const reloading = signal(false);

let period = PERIOD;
let timer: ReturnType<typeof setTimeout> | undefined;

export function startPolling(): void {
  effect(() => {
    if (visible.value) void poll();
    else clearTimeout(timer);
  });
}

/** Reads everything anew, records that could not be read included. */
export function reload(): void {
  clearRecords();
  forgetLabelMaps();
  forgetVolumes();
  forgetDifferences();
  forgetColumns();
  forgetHeaders();
  forgetChannels();
  forgetSheets();
  forgetHistories();
  forgetOtherRuns();
  forgetOverview();
  forgetSteps();
  void poll();
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  reloading.value = true;
  try {
    const answer = await fetchRuns();
    // An equal answer is no change: nothing is drawn again for it.
    if (JSON.stringify(answer) !== JSON.stringify(runs.peek())) runs.value = answer;
    reportReachable();
  } catch (reason) {
    reportTrouble(reason);
  }
  reloading.value = false;
  period = unreachable.peek() === null ? PERIOD : Math.min(LONGEST_PERIOD, 2 * period);
  clearTimeout(timer);
  if (visible.peek()) timer = setTimeout(poll, period);
}
