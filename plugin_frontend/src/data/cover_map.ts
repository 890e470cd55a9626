/**
 * From windows to pixels: the value of a pixel u is the mean of the values of the windows that cover it,
 *
 *     D(u) = sum of v(p) over p with u in p  /  number of such p            0 where no window covers u
 *
 * Each window is added at its four corners only (a 2-D difference array); running sums along rows and columns then spread
 * it over its pixels. Work is proportional to windows plus pixels, not to their product.
 */
import type { Windows } from "./windows.ts";

/**
 * The map of an input of `height` x `width` pixels on a raster of `rows` x `columns`. A raster coarser than the input shows the
 * pixels under the centres of its own. Windows of unknown value (NaN) count as absent.
 */
export function coverMap(
  windows: Windows,
  values: ArrayLike<number>,
  height: number,
  width: number,
  rows: number,
  columns: number,
): Float32Array {
  const stride = columns + 1; // one more column and row than pixels, for edges flush with the border
  const sums = new Float64Array((rows + 1) * stride);
  const counts = new Float64Array(sums.length);
  const add = (at: number, sign: number, value: number) => {
    sums[at] = (sums[at] as number) + sign * value;
    counts[at] = (counts[at] as number) + sign;
  };
  const row = edges(height, rows);
  const column = edges(width, columns);

  for (let i = 0; i < windows.tops.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    const top = row(windows.tops[i] as number) * stride;
    const bottom = row((windows.tops[i] as number) + windows.height) * stride;
    const left = column(windows.lefts[i] as number);
    const right = column((windows.lefts[i] as number) + windows.width);
    add(top + left, 1, value);
    add(top + right, -1, value);
    add(bottom + left, -1, value);
    add(bottom + right, 1, value);
  }
  accumulate(sums, stride);
  accumulate(counts, stride);

  const map = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const at = y * stride + x;
      const covering = counts[at] as number;
      map[y * columns + x] = covering > 0 ? (sums[at] as number) / covering : 0;
    }
  return map;
}

/** The first cell of the raster whose centre lies at or behind an edge of the input. */
function edges(extent: number, cells: number): (edge: number) => number {
  return (edge) => Math.min(cells, Math.max(0, Math.ceil((edge * cells) / extent - 0.5)));
}

function accumulate(values: Float64Array, stride: number): void {
  for (let at = 1; at < values.length; at++)
    if (at % stride) values[at] = (values[at] as number) + (values[at - 1] as number);
  for (let at = stride; at < values.length; at++) values[at] = (values[at] as number) + (values[at - stride] as number);
}
