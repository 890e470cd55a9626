/**
 * From two maps to the picture of their difference. Values a and b of the same place are normalised as they are painted
 * (render/heatmap/overlay.ts), each by the range of its own overlay:
 *
 *     d = n(b) - n(a)        -1 to 1, of signed maps -2 to 2
 *
 * and d takes a colour of a diverging map, the middle of which is 0. Nothing is left out by a threshold, and nothing is transparent.
 */
import type { Range } from "../../data/maps.ts";
import { normalise, type PaintTable, paint, paintTable } from "../heatmap/overlay.ts";

/** How a side is normalised. */
type Scale = { range: Range; signed: boolean };

/** The values are at the same places. */
export function difference(a: Float32Array, b: Float32Array, scaleA: Scale, scaleB: Scale): Float32Array {
  return b.map(
    (value, i) =>
      normalise(value, scaleB.range, scaleB.signed) - normalise(a[i] as number, scaleA.range, scaleA.signed),
  );
}

/** The largest difference that there can be, to which the colours reach. */
export function largestDifference(a: { signed: boolean }, b: { signed: boolean }): number {
  return a.signed || b.signed ? 2 : 1;
}

export function differenceTable(palette: Uint32Array, gamma: number): PaintTable {
  return paintTable({ palette, signed: true, threshold: 0, gamma, mode: "overlay", cover: 0 });
}

export function paintDifference(values: Float32Array, largest: number, table: PaintTable, pixels: Uint32Array): void {
  paint(values, { low: -largest, high: largest }, table, pixels);
}
