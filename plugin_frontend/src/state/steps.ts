/** Which records exist at which steps, refreshed for the runs that grew. */
import { effect, signal, untracked } from "@preact/signals";
import type { Run, SeriesSteps } from "../data/answers.ts";
import { fetchSteps } from "../data/client.ts";
import { LISTED_KINDS } from "../data/kinds.ts";
import { followListing, type Listing, NOTHING_LISTED } from "../data/steps.ts";
import { reportReachable, reportTrouble, unreachable } from "./reachability.ts";
import { shownRuns } from "./runs.ts";

/** By run, then by series. */
export const stepIndex = signal<ReadonlyMap<string, ReadonlyMap<string, SeriesSteps>>>(new Map());

/** What the listed steps of a run were derived from. */
const signatures = new Map<string, string>();
const listings = new Map<string, Listing>();
/** The runs that are being asked about. */
const asking = new Set<string>();

/** Keeps the steps of the shown runs up to date, as `runs` reports new records. */
export function followSteps(): void {
  effect(() => {
    if (unreachable.value !== null) return; // asked once the server is back
    const grown = shownRuns.value.filter((run) => signatures.get(run.run) !== signatureOf(run));
    untracked(() => grown.forEach(refresh));
  });
}

/** Forgets what is known, so that the next answer of `runs` is followed by a request for every shown run. */
export function forgetSteps(): void {
  signatures.clear();
  listings.clear();
}

/** Asks for what is new of a run; once more afterwards, if there was more to ask for by then. */
async function refresh(run: Run): Promise<void> {
  const name = run.run;
  signatures.set(name, signatureOf(run));
  if (asking.has(name)) return;
  asking.add(name);
  for (let signature: string | undefined; signature !== signatures.get(name); ) {
    signature = signatures.get(name);
    const known = listings.get(name) ?? NOTHING_LISTED;
    try {
      const listing = await followListing(known, (after) => fetchSteps(name, after));
      if ((listings.get(name) ?? NOTHING_LISTED) !== known) {
        signature = undefined; // all was forgotten meanwhile
        continue;
      }
      listings.set(name, listing);
      stepIndex.value = new Map(stepIndex.value).set(name, listing.series);
      reportReachable();
    } catch (reason) {
      signatures.delete(name); // asked again, also for what came meanwhile
      reportTrouble(reason);
      break;
    }
  }
  asking.delete(name);
}

function signatureOf({ epoch, series }: Run): string {
  const known = series.filter(({ kind }) => LISTED_KINDS.includes(kind));
  return JSON.stringify([epoch, known.map(({ kind, tag, records }) => [kind, tag, records])]);
}
