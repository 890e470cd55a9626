/** The rows as a table, with the names of their classes: the selected ones, or all when none is. */

import { type Column, numberAt, type Stored, UNKNOWN } from "../../data/columns.ts";
import type { Table } from "../../data/csv.ts";
import { idAt } from "../../data/ids.ts";
import { className } from "../../state/class_names.ts";
import { loadColumn } from "../../state/columns.ts";
import type { Numbers } from "../../state/numbers.ts";
import { type Points, projectionFrame, rowIndex } from "../../state/projection_frame.ts";
import { selectedCount, selection } from "../../state/selection.ts";
import { saveTable } from "../../widgets/save.ts";

/** Of all runs on screen, each at its step. */
export async function exportSelection(): Promise<void> {
  const frame = projectionFrame.value;
  const [first] = frame?.runs.flatMap(({ points }) => points ?? []) ?? [];
  if (frame) saveTable(await tableOf(frame.runs), `${first?.series.tag ?? "selection"}_step_${frame.step}.csv`);
}

export const projectionNumbers: Numbers = {
  any: () => projectionFrame.value?.runs.some(({ points }) => points) ?? false,
  table: () => tableOf(projectionFrame.value?.runs ?? []),
  otherwise: "No points are shown",
};

async function tableOf(frames: readonly { points: Points | null }[]): Promise<Table> {
  const runs = frames.flatMap(({ points }) => points ?? []);
  const names = [...new Set(runs.flatMap(({ header }) => header.columns.map(({ name }) => name)))];
  const selected = selectedCount.value > 0 ? selection.value.ids : null;
  const rows = await Promise.all(runs.map((points) => linesOf(points, selected, names)));
  return [["run", "step", "id", "row", "label", "predicted", "probability", ...names], ...rows.flat()];
}

type Read = (row: number) => string;

/** Rows in the order of the projection. `ids`: `null`, all of them. */
async function linesOf(points: Points, ids: Float64Array | null, names: readonly string[]): Promise<string[][]> {
  const { series, step, header } = points;
  const index = rowIndex(points);
  const rows = ids
    ? Array.from(ids, (id) => index.find(id))
        .filter((row) => row >= 0)
        .sort((a, b) => a - b)
    : Array.from({ length: header.rows }, (_, row) => row);
  const reader = async (column: Column | undefined, write: (value: number) => string): Promise<Read> => {
    const stored: Stored | null = column ? await loadColumn(series.run, column).catch(() => null) : null;
    return (row) => (column && stored ? write(numberAt(column, stored, row)) : "");
  };
  const named = (hash: string) => (code: number) => (code === UNKNOWN ? "" : className(hash, code));
  const reads = await Promise.all([
    reader(header.labels, named(header.classes)),
    reader(header.predicted, named(header.classes)),
    reader(header.probabilities, (value) => value.toFixed(4)),
    ...names.map((name) => {
      const found = header.columns.find((column) => column.name === name);
      return reader(found?.column, found?.categories ? named(found.categories) : String);
    }),
  ]);
  return rows.map((row) => [
    series.run,
    String(step),
    String(idAt(points.ids, row)),
    String(row),
    ...reads.map((read) => read(row)),
  ]);
}
