/**
 * How large and how opaque points are, from how many there are in the room that they take: a few are discs to point at, a
 * million are dust whose density can be read.
 */
import type { Bounds } from "./types.ts";

const SIDE = 64;
const LARGEST = 9;
const SMALLEST = 0.8;

/** What the extent of some points is worth for drawing them. */
export type Spread = {
  /** In units of `Flat`; absent: there are no points. */
  bounds: Bounds | null;
  /** The share of all 64² parts of what can be stored in which there are points. */
  occupied: number;
};

/** Of [N, dims] stored positions, in their first two axes. */
export function spreadOf(stored: Uint16Array, dims: number): Spread {
  const [parts, shift] = [new Uint8Array(SIDE * SIDE), Math.log2(65536 / SIDE)];
  let [left, right, bottom, top] = [65535, 0, 65535, 0];
  for (let i = 0; i + dims <= stored.length; i += dims) {
    const [x, y] = [stored[i] as number, stored[i + 1] as number];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < bottom) bottom = y;
    if (y > top) top = y;
    parts[(y >> shift) * SIDE + (x >> shift)] = 1;
  }
  let occupied = 0;
  for (const part of parts) occupied += part;
  return { bounds: left > right ? null : { left, right, bottom, top }, occupied: occupied / parts.length };
}

/** The diameter in CSS pixels of points of which there are `count` on `area` square pixels. */
export function pointSize(count: number, area: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, 0.95 * Math.cbrt(area / Math.max(1, count))));
}

/** Points that are outlined stand out from `size`, unless they are too many for it. */
export function diamondSize(size: number, outlined: number, area: number): number {
  return Math.max(1.5 * size, Math.min(5, pointSize(outlined, area)));
}

/** The opacity with which `count` points of a size cover, but do not flood, the part of `area` that they occupy. */
export function pointOpacity(count: number, area: number, occupied: number, size: number): number {
  const layers = (count * (Math.PI / 4) * size * size) / Math.max(1, area * occupied);
  return Math.min(0.9, Math.max(0.06, 0.85 / Math.max(layers, 1e-9) ** 0.85));
}
