/**
 * Rows inside a polygon, exactly, by the even-odd rule. Cells of the grid that no edge touches are inside or outside as a
 * whole; in the others each point is tested, against the edges at its height alone.
 */
import { CELL, CELLS, cellAlong, type Grid } from "./grid.ts";

/** Ascending. Corners [x0, y0, x1, y1, ...] in stored units; the last is joined to the first. */
export function rowsInPolygon(grid: Grid, corners: ArrayLike<number>, allowed: (row: number) => boolean): Uint32Array {
  const { starts, rows, flat } = grid;
  const polygon = Float64Array.from(corners);
  const found = new Uint8Array(rows.length);
  let count = 0;
  const take = (row: number) => {
    if (!allowed(row)) return;
    found[row] = 1;
    count++;
  };
  const touched = new Uint8Array(CELLS);
  for (const [cellY, edges] of edgesByRow(polygon).entries()) {
    if (edges.length === 0) continue;
    touched.fill(0);
    for (const edge of edges) touch(polygon, edge, cellY, touched);
    for (let cellX = 0; cellX < CELLS; cellX++) {
      const cell = cellY * CELLS + cellX;
      const [start, stop] = [starts[cell] as number, starts[cell + 1] as number];
      if (start === stop) continue;
      if (touched[cellX]) {
        for (let i = start; i < stop; i++) {
          const row = rows[i] as number;
          if (isInside(polygon, edges, flat[2 * row] as number, flat[2 * row + 1] as number)) take(row);
        }
      } else if (isInside(polygon, edges, (cellX + 0.5) * CELL, (cellY + 0.5) * CELL)) {
        for (let i = start; i < stop; i++) take(rows[i] as number);
      }
    }
  }
  const ascending = new Uint32Array(count);
  for (let row = 0, at = 0; at < count; row++) if (found[row]) ascending[at++] = row;
  return ascending;
}

/** Even-odd: whether a ray to the right crosses an odd number of edges. Edges are named by where their first corner is. */
function isInside(polygon: Float64Array, edges: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < edges.length; i++) {
    const from = edges[i] as number;
    const to = from + 2 < polygon.length ? from + 2 : 0;
    const [y0, y1] = [polygon[from + 1] as number, polygon[to + 1] as number];
    if (y0 > y === y1 > y) continue;
    const x0 = polygon[from] as number;
    // On which side of the edge; no division, so that corners on whole units decide without rounding.
    const side = ((polygon[to] as number) - x0) * (y - y0) - (y1 - y0) * (x - x0);
    if (y1 > y0 ? side > 0 : side < 0) inside = !inside;
  }
  return inside;
}

/** For each row of cells the edges whose heights it shares. */
function edgesByRow(polygon: Float64Array): number[][] {
  const byRow: number[][] = Array.from({ length: CELLS }, () => []);
  for (let from = 0; from < polygon.length; from += 2) {
    const to = from + 2 < polygon.length ? from + 2 : 0;
    const [y0, y1] = [polygon[from + 1] as number, polygon[to + 1] as number];
    const [low, high] = [Math.min(y0, y1), Math.max(y0, y1)];
    if (high < 0 || low >= CELLS * CELL) continue;
    for (let cellY = cellAlong(low); cellY <= cellAlong(high); cellY++) byRow[cellY]?.push(from);
  }
  return byRow;
}

/** Marks the cells of a row that an edge passes; by one unit too many rather than one too few. */
function touch(polygon: Float64Array, from: number, cellY: number, touched: Uint8Array): void {
  const to = from + 2 < polygon.length ? from + 2 : 0;
  const [x0, y0, x1, y1] = [polygon[from], polygon[from + 1], polygon[to], polygon[to + 1]] as number[] as Edge;
  const across = (y: number) => {
    const share = y1 === y0 ? 0 : Math.min(1, Math.max(0, (y - y0) / (y1 - y0)));
    return x0 + share * (x1 - x0);
  };
  const [a, b] = y0 === y1 ? [x0, x1] : [across(cellY * CELL), across((cellY + 1) * CELL)];
  const [left, right] = [Math.min(a, b) - 1, Math.max(a, b) + 1];
  if (right < 0 || left >= CELLS * CELL) return;
  touched.fill(1, cellAlong(left), cellAlong(right) + 1);
}

type Edge = [x0: number, y0: number, x1: number, y1: number];
