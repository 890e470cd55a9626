/** One sample in the records of a series at steps chosen from all over the training: a film strip. */
import { signal } from "@preact/signals";
import type { SeriesSteps } from "../data/answers.ts";
import { Unreachable } from "../data/client.ts";
import type { ExplainedRecord, ExplainedSample } from "../data/explained.ts";
import { evenly } from "../render/chart/lines.ts";
import { entriesAt, unionOfSteps } from "./alignment.ts";
import { loadRecords } from "./frame.ts";
import { reportTrouble } from "./reachability.ts";
import { type Series, seriesKey } from "./series.ts";

/** `null`: the sample was not logged at this step, or the record cannot be read; `undefined`: on its way. */
export type Picture = { step: number; shown: Shown | null | undefined };
type Shown = { wallTime: number; record: ExplainedRecord; sample: ExplainedSample };

export const film = signal<readonly Picture[]>([]);

/** What the pictures are of. */
let filmed = "";

const MOST_STEPS = 12;
/** Records hold all samples of a step: of large ones fewer steps are fetched. */
const MOST_SAMPLES = 6000;

/** So that the records need not be kept. */
export function clearFilm(): void {
  film.value = [];
}

/** The steps of the strip, ascending. */
export function filmSteps(logged: SeriesSteps): number[] {
  const all = unionOfSteps([logged]);
  const largest = logged.counts.reduce((most, count) => Math.max(most, count), 1);
  const most = Math.max(3, Math.min(MOST_STEPS, Math.floor(MOST_SAMPLES / largest)));
  return evenly(all.length, most).map((i) => all[i] as number);
}

/** Fetches the pictures one after the other, those nearest to `from` first. Returns what ends it. */
export function showFilm(series: Series, logged: SeriesSteps, sample: string, from: number): () => void {
  const chosen = filmSteps(logged);
  let current = true;
  const name = `${series.run}\n${seriesKey(series)}\n${sample}`;
  const known = new Map(film.peek().map(({ step, shown }) => [step, shown]));
  film.value = chosen.map((step) => ({ step, shown: name === filmed ? known.get(step) : undefined }));
  filmed = name;
  const put = (step: number, shown: Shown | null) => {
    film.value = film.value.map((picture) => (picture.step === step ? { step, shown } : picture));
  };
  void (async () => {
    for (const step of chosen.toSorted((a, b) => Math.abs(a - from) - Math.abs(b - from))) {
      const entries = entriesAt(logged, step);
      try {
        const records = entries ? await loadRecords(series, entries.keys) : [];
        if (!current) return;
        put(step, shownIn(records, sample, entries?.wallTime ?? 0));
      } catch (reason) {
        if (!current) return;
        reportTrouble(reason);
        if (reason instanceof Unreachable) return; // shown again once the server is back
        put(step, null);
      }
    }
  })();
  return () => {
    current = false;
  };
}

/** Of two records that explain it the later one counts. */
function shownIn(records: readonly (ExplainedRecord | null)[], sample: string, wallTime: number): Shown | null {
  for (const record of records.toReversed()) {
    const found = record?.samples.find(({ id }) => id === sample);
    if (record && found) return { wallTime, record, sample: found };
  }
  return null;
}
