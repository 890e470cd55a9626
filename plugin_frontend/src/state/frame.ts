/** What is on screen: for the runs in view, the records of one step, loaded together and shown together. */

import { computed, effect, signal } from "@preact/signals";
import { fetchRecords } from "../data/client.ts";
import type { ExplainedRecord } from "../data/explained.ts";
import type { Kind } from "../data/kinds.ts";
import { latest } from "../data/latest.ts";
import { RecordStore } from "../data/record_store.ts";
import { type Entries, entriesAt } from "./alignment.ts";
import { onForget } from "./forget.ts";
import { groupBy } from "./group.ts";
import { pinnedRow } from "./projections.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { openSample } from "./samples.ts";
import { type Series, seriesKey, seriesOf, shownSeries } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { step, stepAt, steps } from "./timeline.ts";
import { view } from "./view.ts";

/** A series at the step of the frame, or near it; `null` for a record that cannot be read. */
export type SeriesFrame = { series: Series; step: number; wallTime: number; records: (ExplainedRecord | null)[] };

/** By run. All of it belongs to `step`: a frame is replaced, never changed. */
export type Frame = { step: number; runs: ReadonlyMap<string, SeriesFrame[]> };

export const frame = signal<Frame | null>(null);
export const frameStep = computed(() => frame.value?.step ?? null);
export const loading = signal(false);

const nameOf = (series: Series) => `${series.run}\n${seriesKey(series)}`;

const shownNames = computed(() => new Set(shownSeries.value.map(nameOf)));

/** What is no longer chosen goes at once, before the rest has arrived. */
export function stillShown(frames: readonly SeriesFrame[]): SeriesFrame[] {
  return frames.filter(({ series }) => shownNames.value.has(nameOf(series)));
}

/** The runs whose sections are on screen or close to it. */
export const runsInView = signal<ReadonlySet<string>>(new Set());

/** The records of a series that are to be shown. */
type WantedSeries = { series: Series; entries: Entries };

type Wanted = { step: number; series: WantedSeries[] };

const BUDGET = 192 * 1024 * 1024;

const store = new RecordStore(
  fetchRecords,
  async () => {
    const { decodePayload } = await import("../data/payloads.ts");
    return ({ kind, key }: { kind: Kind; key: string }, payload) => decodePayload(kind, key, payload);
  },
  BUDGET,
);

/** The records of one series at some other step than the frame's, from the same store. */
export function loadRecords({ run, kind }: Series, keys: readonly string[]): Promise<(ExplainedRecord | null)[]> {
  return store.load(
    run,
    keys.map((key) => ({ kind, key })),
  );
}

onForget(() => store.clear());

/** The chosen series of the runs in view, and all series of the run whose sample is enlarged, or pinned in a projection. */
const wantedSeries = computed(() => {
  const inView = shownSeries.value.filter(({ run }) => runsInView.value.has(run));
  const enlarged = openSample.value?.run ?? (view.value === "projection" ? pinnedRow.value?.run : undefined);
  if (enlarged === undefined) return inView;
  return [...inView.filter(({ run }) => run !== enlarged), ...seriesOf(enlarged)];
});

/** Of each series that was logged its records at a step, or near it. */
export function recordsAt(series: readonly Series[], at: number): WantedSeries[] {
  return series.flatMap((series) => {
    const logged = stepIndex.value.get(series.run)?.get(seriesKey(series));
    const entries = logged ? entriesAt(logged, at) : null;
    return entries ? [{ series, entries }] : [];
  });
}

function wantedAt(at: number): Wanted {
  return { step: at, series: recordsAt(wantedSeries.value, at) };
}

export function followFrame(): void {
  const request = latest(
    load,
    (loaded) => {
      frame.value = loaded;
      loading.value = loaded.step !== step.peek();
      prefetch();
    },
    (reason) => {
      loading.value = false;
      reportTrouble(reason);
    },
  );
  effect(() => {
    void unreachable.value; // asks again once the server is back
    if (step.value === null) return;
    loading.value = true;
    request(wantedAt(step.value));
  });
}

async function load(wanted: Wanted): Promise<Frame> {
  const byRun = groupBy(wanted.series, ({ series }) => series.run);
  const runs = await Promise.all(
    Array.from(byRun, async ([run, series]): Promise<[string, SeriesFrame[]]> => [run, await loadSeries(run, series)]),
  );
  return { step: wanted.step, runs: new Map(runs) };
}

/** In one request, unless they are kept. */
export async function loadSeries(run: string, wanted: readonly WantedSeries[]): Promise<SeriesFrame[]> {
  const reads = await store.load(
    run,
    wanted.flatMap(({ series: { kind }, entries }) => entries.keys.map((key) => ({ kind, key }))),
  );
  let next = 0;
  return wanted.map(({ series, entries: { step, wallTime, keys } }) => {
    const records = reads.slice(next, next + keys.length);
    next += keys.length;
    return { series, step, wallTime, records };
  });
}

/** Loads the steps next to the shown one, so that moving there is immediate. */
function prefetch(): void {
  for (const distance of [1, -1]) {
    const neighbour = steps.peek()[stepAt.peek() + distance];
    if (neighbour === undefined) continue;
    load(wantedAt(neighbour)).catch(() => {}); // shown if and when the step is asked for
  }
}
