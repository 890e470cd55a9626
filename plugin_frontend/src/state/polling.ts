/** Asks for the runs again and again while the page is visible, less often while nobody answers. */
import { batch, effect, signal } from "@preact/signals";
import { fetchRunOrder, fetchRuns } from "../data/client.ts";
import { visible } from "../host/visibility.ts";
import { inReport } from "../host/window.ts";
import { forgetAll } from "./forget.ts";
import { reportReachable, reportTrouble, unreachable } from "./reachability.ts";
import { indexing, learnOrder, listedRuns, notices, runOrder, runs } from "./runs.ts";
import { forgetSteps } from "./steps.ts";

const PERIOD = 5_000;
/** While the server still reads what there is. */
const SHORT_PERIOD = 1_000;
const LONGEST_PERIOD = 60_000;

export const reloading = signal(false);

/** Whether what follows from the runs is to be asked for again even if they are the same. */
let anew = false;

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
  forgetAll();
  forgetSteps();
  anew = true;
  void poll();
}

/** Whether there are runs, or may be, of which TensorBoard has not told when it learned of them. */
function unordered(): boolean {
  const known = new Set(runOrder.peek());
  return runs.peek() === null || listedRuns.peek().some(({ run }) => !known.has(run));
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  reloading.value = true;
  try {
    const asked = unordered() ? fetchRunOrder().catch(() => []) : null;
    const { runs: answer, notices: sentences = [], indexing: share = null } = await fetchRuns();
    if (asked) learnOrder(await asked);
    if (JSON.stringify(sentences) !== JSON.stringify(notices.peek())) notices.value = sentences;
    batch(() => {
      indexing.value = share;
      // An equal answer is no change: nothing is drawn again for it, unless all was forgotten.
      if (anew || JSON.stringify(answer) !== JSON.stringify(runs.peek())) runs.value = answer;
    });
    anew = false;
    reportReachable();
  } catch (reason) {
    reportTrouble(reason);
  }
  reloading.value = false;
  const usual = indexing.peek() === null ? PERIOD : SHORT_PERIOD;
  period = unreachable.peek() === null ? usual : Math.min(LONGEST_PERIOD, 2 * period);
  clearTimeout(timer);
  if (visible.peek() && !inReport) timer = setTimeout(poll, period);
}
