/** What is known of one row: read from the columns, which are fetched when a row is first asked for. */
import { type Column, numberAt, UNKNOWN } from "../../data/columns.ts";
import { toHex } from "../../data/explained.ts";
import { idAt } from "../../data/ids.ts";
import type { NamedColumn } from "../../data/projections.ts";
import { className } from "../../state/class_names.ts";
import { lookAt } from "../../state/columns.ts";
import { type Points, projectionFrame, rowIndex } from "../../state/projection_frame.ts";
import { activeRun, pinnedRow, type RowName } from "../../state/projections.ts";
import { compact } from "../explanations/format.ts";

/** `undefined`: not known, or not there yet. */
export type Facts = {
  row: number;
  id: number;
  label: number | undefined;
  predicted: number | undefined;
  probability: number | undefined;
  /** Whether the prediction is right. */
  right: boolean | undefined;
  columns: { name: string; text: string }[];
};

export function factsOf(points: Points, row: number): Facts {
  const { header, ids } = points;
  const label = codeAt(points, header.labels, row);
  const predicted = codeAt(points, header.predicted, row);
  return {
    row,
    id: idAt(ids, row),
    label,
    predicted,
    probability: valueAt(points, header.probabilities, row),
    right: label === undefined || predicted === undefined ? undefined : label === predicted,
    columns: header.columns.map((column) => ({ name: column.name, text: textAt(points, column, row) })),
  };
}

function valueAt({ series }: Points, column: Column | undefined, row: number): number | undefined {
  const stored = lookAt(series.run, column);
  return column && stored ? numberAt(column, stored, row) : undefined;
}

function codeAt(points: Points, column: Column | undefined, row: number): number | undefined {
  const code = valueAt(points, column, row);
  return code === UNKNOWN ? undefined : code;
}

function textAt(points: Points, { column, categories }: NamedColumn, row: number): string {
  const value = valueAt(points, column, row);
  if (value === undefined || Number.isNaN(value) || (categories && value === UNKNOWN)) return "–";
  return categories ? className(categories, value) : compact(value);
}

/** The picture of a row as a tile of a sheet; `undefined`: on its way; `null`: there is none. */
type Tile = { image: string; x: number; y: number; across: number; height: number; width: number };

export function tileOf({ series, header: { thumbnails } }: Points, row: number): Tile | null | undefined {
  if (!thumbnails) return null;
  const sheets = lookAt(series.run, thumbnails.sheets);
  if (!sheets) return sheets;
  const { down, across, height, width } = thumbnails;
  const sheet = Math.floor(row / (down * across));
  const tile = row % (down * across);
  const image = toHex((sheets as Uint8Array).subarray(16 * sheet, 16 * sheet + 16));
  return { image, x: tile % across, y: Math.floor(tile / across), across, height, width };
}

/** Its nearest rows in the space of the features, and how far they are (NaN: not known); `undefined`: on their way. */
export function neighboursOf({ series, header }: Points, row: number): { row: number; distance: number }[] | undefined {
  const { neighbours, distances } = header;
  if (!neighbours) return [];
  const rows = lookAt(series.run, neighbours);
  const far = distances ? lookAt(series.run, distances) : null;
  if (rows === undefined || far === undefined) return undefined;
  if (rows === null) return [];
  const k = neighbours.shape[1] as number;
  return Array.from({ length: k }, (_, i) => ({
    row: rows[k * row + i] as number,
    distance: distances && far ? numberAt(distances, far, k * row + i) : Number.NaN,
  })).filter((neighbour) => neighbour.row < header.rows && neighbour.row !== row);
}

/** The points of a run on screen. */
function pointsOf(run: string | undefined): Points | null {
  return projectionFrame.value?.runs.find(({ series }) => series.run === run)?.points ?? null;
}

/** The run that lists and measures are about. */
export function activePoints(): Points | null {
  const runs = projectionFrame.value?.runs ?? [];
  const chosen = runs.find(({ series }) => series.run === activeRun.value) ?? runs.find(({ points }) => points);
  return chosen?.points ?? null;
}

type Found = { points: Points; row: number };

/** `null`: the run is not on screen, or has no such row at this step. */
export function findRow(name: RowName | null): Found | null {
  const points = name && pointsOf(name.run);
  const row = points ? rowIndex(points).find(name.id) : -1;
  return points && row >= 0 ? { points, row } : null;
}

export function pin(points: Points, row: number): void {
  pinnedRow.value = { run: points.series.run, id: idAt(points.ids, row) };
}
