/** Which rows of two-dimensional points a polygon encloses: the same ones when it was drawn and when a link brings it back. */
import { idsAt } from "../data/ids.ts";
import { Grid } from "../render/scatter/grid.ts";
import { rowsInPolygon } from "../render/scatter/lasso.ts";
import { loadPoints, type Points } from "./projection_frame.ts";
import type { Lasso } from "./selection.ts";
import type { LoggedSeries } from "./series.ts";

const grids = new WeakMap<Uint16Array, Grid>();

/** Ascending. Corners are in the units in which positions are stored. */
export function rowsInLasso(
  { positions }: Points,
  corners: readonly number[],
  allowed: (row: number) => boolean,
): Uint32Array {
  let grid = grids.get(positions);
  if (!grid) {
    grid = new Grid(positions);
    grids.set(positions, grid);
  }
  return rowsInPolygon(grid, corners, allowed);
}

export async function idsInLasso(series: LoggedSeries, { step, corners }: Lasso, key: string): Promise<Float64Array> {
  const points = await loadPoints(series, step, key);
  if (points.header.dims !== 2) return new Float64Array(0);
  return idsAt(
    points.ids,
    rowsInLasso(points, corners, () => true),
  );
}
