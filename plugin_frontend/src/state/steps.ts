/** Which records exist at which steps, refreshed for the runs that grew. */
import { effect, signal, untracked } from "@preact/signals";
import type { Run, SeriesSteps } from "../data/answers.ts";
import { fetchSteps } from "../data/client.ts";
import { LISTED_KINDS } from "../data/kinds.ts";
import { reportReachable, reportTrouble } from "./reachability.ts";
import { shownRuns } from "./runs.ts";
import { seriesKey } from "./series.ts";

/** By run, then by series. */
export const stepIndex = signal<ReadonlyMap<string, ReadonlyMap<string, SeriesSteps>>>(new Map());

/** What the listed steps of a run were derived from. */
const signatures = new Map<string, string>();

/** Keeps the steps of the shown runs up to date, as `runs` reports new records. */
export function followSteps(): void {
  effect(() => {
    const grown = shownRuns.value.filter((run) => signatures.get(run.run) !== signatureOf(run));
    untracked(() => grown.forEach(refresh));
  });
}

/** Forgets what is known, so that the next answer of `runs` is followed by a request for every shown run. */
export function forgetSteps(): void {
  signatures.clear();
}

async function refresh(run: Run): Promise<void> {
  const signature = signatureOf(run);
  signatures.set(run.run, signature);
  try {
    const series = await fetchSteps(run.run);
    if (signatures.get(run.run) !== signature) return; // a newer request is under way
    stepIndex.value = new Map(stepIndex.value).set(run.run, new Map(series.map((steps) => [seriesKey(steps), steps])));
    reportReachable();
  } catch (reason) {
    if (signatures.get(run.run) === signature) signatures.delete(run.run); // asked again with the next answer of `runs`
    reportTrouble(reason);
  }
}

function signatureOf({ series }: Run): string {
  const known = series.filter(({ kind }) => LISTED_KINDS.includes(kind));
  return JSON.stringify(known.map(({ kind, tag, records }) => [kind, tag, records]));
}
