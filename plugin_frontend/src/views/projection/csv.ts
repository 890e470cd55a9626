/** The selected rows as a CSV file, with the names of their classes. */
import { type Column, numberAt, type Stored } from "../../data/columns.ts";
import { idAt } from "../../data/ids.ts";
import { UNKNOWN } from "../../data/projections.ts";
import { className } from "../../state/class_names.ts";
import { loadColumn } from "../../state/columns.ts";
import { type Points, projectionFrame, rowIndex } from "../../state/projection_frame.ts";
import { selection } from "../../state/selection.ts";

/** Of all runs on screen, each at its step. */
export async function exportSelection(): Promise<void> {
  const frame = projectionFrame.value;
  if (!frame) return;
  const runs = frame.runs.flatMap(({ points }) => points ?? []);
  const names = [...new Set(runs.flatMap(({ header }) => header.columns.map(({ name }) => name)))];
  const lines = await Promise.all(runs.map((points) => linesOf(points, selection.value.ids, names)));
  const header = ["run", "step", "id", "row", "label", "predicted", "probability", ...names];
  const text = [header, ...lines.flat()].map((fields) => fields.map(field).join(",")).join("\r\n");
  const [tag] = runs.map(({ series }) => series.tag);
  save(`${text}\r\n`, `${(tag ?? "selection").replace(/[^\w.-]+/g, "_")}_step_${frame.step}.csv`);
}

type Read = (row: number) => string;

/** Rows in the order of the projection. */
export async function linesOf(points: Points, ids: Float64Array, names: readonly string[]): Promise<string[][]> {
  const { series, step, header } = points;
  const index = rowIndex(points);
  const rows = Array.from(ids, (id) => index.find(id))
    .filter((row) => row >= 0)
    .sort((a, b) => a - b);
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

/** Quoted where it has to be, and so that no spreadsheet takes it for a formula. */
export function field(text: string): string {
  const safe = /^[=+@\t]|^-(?!\d)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** By a link to a blob, which works over plain HTTP too. */
function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
