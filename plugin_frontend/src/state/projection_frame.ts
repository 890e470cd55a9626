/** The projections on screen: for each shown run the points of one step, loaded together and shown together. */
import { effect, signal } from "@preact/signals";
import { Unreachable } from "../data/client.ts";
import type { Column } from "../data/columns.ts";
import { IdIndex, idAt } from "../data/ids.ts";
import { latest } from "../data/latest.ts";
import type { Projection } from "../data/projections.ts";
import type { Frame } from "../render/scatter/types.ts";
import { type Entries, entriesAt } from "./alignment.ts";
import { requestClassNames } from "./class_names.ts";
import { loadColumn } from "./columns.ts";
import { frameOf, loadHeader } from "./projection_records.ts";
import { colouringChoice, projectionLoading, projectionStep, shownProjections } from "./projections.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { type LoggedSeries, seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { step, stepAt, steps } from "./timeline.ts";
import { view } from "./view.ts";

/** The points of one run at one step. */
export type Points = {
  series: LoggedSeries;
  /** Of the record, which may be earlier than the step asked for. */
  step: number;
  header: Projection;
  /** As they are stored, [N, 2 or 3]. */
  positions: Uint16Array;
  /** Two halves a row: `idAt` reads them. */
  ids: Uint32Array;
  frame: Frame;
};

/** Or the sentence that says why there are none. */
export type Loaded = { series: LoggedSeries; step: number; points: Points | null; problem: string };

/** All of it belongs to `step`: a frame is replaced, never changed. */
export type ProjectionFrame = { step: number; runs: readonly Loaded[] };

export const projectionFrame = signal<ProjectionFrame | null>(null);

type Wanted = { step: number; series: readonly LoggedSeries[] };

/** Follows the step and the choice of series. Returns what ends it. */
export function followProjections(): () => void {
  const request = latest(
    (wanted: Wanted) => loadFrame(wanted),
    (loaded) => {
      projectionFrame.value = loaded;
      projectionStep.value = loaded.step;
      projectionLoading.value = loaded.step !== step.peek();
      prefetch();
    },
    (reason) => {
      projectionLoading.value = false;
      reportTrouble(reason);
    },
  );
  return effect(() => {
    void unreachable.value; // asks again once the server is back
    void stepIndex.value;
    if (view.value !== "projection" || step.value === null || shownProjections.value.length === 0) return;
    projectionLoading.value = true;
    request({ step: step.value, series: shownProjections.value });
  });
}

async function loadFrame({ step, series }: Wanted): Promise<ProjectionFrame> {
  const runs = await Promise.all(
    series.flatMap((one) => {
      const logged = stepIndex.peek().get(one.run)?.get(seriesKey(one));
      const entries = logged ? entriesAt(logged, step) : null;
      return entries ? [load(one, entries)] : [];
    }),
  );
  return { step, runs };
}

async function load(series: LoggedSeries, { step, keys }: Entries): Promise<Loaded> {
  try {
    return { series, step, points: await loadPoints(series, step, keys.at(-1) as string), problem: "" };
  } catch (reason) {
    if (reason instanceof Unreachable) throw reason;
    return { series, step, points: null, problem: reason instanceof Error ? reason.message : String(reason) };
  }
}

export async function loadPoints(series: LoggedSeries, step: number, key: string): Promise<Points> {
  const { run, tag } = series;
  const header = await loadHeader(run, key);
  for (const { categories } of header.columns) requestClassNames(run, categories);
  for (const column of colourColumns(header)) loadColumn(run, column).catch(() => {}); // the picture comes first
  requestClassNames(run, header.classes);
  const logged = stepIndex.peek().get(run)?.get(seriesKey(series));
  const [positions, ids, frame] = await Promise.all([
    loadColumn(run, header.positions),
    loadColumn(run, header.ids),
    logged && frameOf(run, tag, logged, header),
  ]);
  if (!frame) throw new Error("The steps of this run are not known.");
  return { series, step, header, positions: positions as Uint16Array, ids: ids as Uint32Array, frame };
}

/** Loads the steps next to the shown one, so that moving there is immediate. */
function prefetch(): void {
  for (const distance of [1, -1]) {
    const neighbour = steps.peek()[stepAt.peek() + distance];
    if (neighbour === undefined) continue;
    loadFrame({ step: neighbour, series: shownProjections.peek() }).catch(() => {}); // shown if and when it is asked for
  }
}

/** What points are coloured by is fetched along with them, or they would be shown in the colours of another step. */
function colourColumns(header: Projection): Column[] {
  const { labels, predicted, probabilities, columns } = header;
  const by = colouringChoice.peek();
  const chosen = columns.find(({ name }) => by === `column:${name}`)?.column;
  return [labels, predicted, by === "probability" ? probabilities : undefined, chosen].filter(
    (column) => column !== undefined,
  );
}

const indices = new WeakMap<Uint32Array, IdIndex>();

/** Where rows are, by id. */
export function rowIndex({ ids }: Points): IdIndex {
  let index = indices.get(ids);
  if (!index) {
    index = new IdIndex(ids.length / 2, (row) => idAt(ids, row));
    indices.set(ids, index);
  }
  return index;
}

/** Positions of `now`'s rows as they were in `before`, in the scale of `now`; rows that were not there stay where they are. */
export function joined(before: Points, now: Points): { stored: Uint16Array; scale: number; offset: number } | null {
  const { dims, positions: to } = now.header;
  const { positions: from } = before.header;
  if (before.header.dims !== dims) return null;
  if (before.header.ids.hash === now.header.ids.hash)
    return { stored: before.positions, scale: from.scale, offset: from.offset };
  const rows = rowIndex(before);
  const stored = now.positions.slice();
  for (let row = 0; row < now.header.rows; row++) {
    const was = rows.find(idAt(now.ids, row));
    if (was < 0) continue;
    for (let axis = 0; axis < dims; axis++) {
      const value = from.offset + from.scale * (before.positions[dims * was + axis] as number);
      stored[dims * row + axis] = Math.min(65535, Math.max(0, Math.round((value - to.offset) / to.scale)));
    }
  }
  return { stored, scale: to.scale, offset: to.offset };
}
