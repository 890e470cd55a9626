/**
 * From values to pixels. This is the one place where the appearance of an overlay is defined.
 *
 * A value v of a map is normalised by a range [lo, hi], its own or one shared by several maps:
 *
 *     unsigned   n = clip((v - lo) / (hi - lo), 0, 1)            n = 0 where hi = lo
 *     signed     n = clip(v / max(|lo|, |hi|), -1, 1)            n = 0 where both are 0
 *
 * (the own range of a map of single pixels leaves out the largest 1 % of its values, see data/maps.ts)
 *
 * and takes a colour from the 256 of the colour map:
 *
 *     unsigned   index = round(255 * n^gamma)
 *     signed     index = round(255 * (1 + sign(n) * |n|^gamma) / 2)      zero is the middle, 128
 *
 * Overlay mode: the pixel has that colour, opaque, where |n| >= threshold and is transparent elsewhere; the opacity is left
 * to CSS. Mask mode: the pixel is transparent where |n| >= threshold, so that the image shows, and covered elsewhere.
 *
 * n is looked up in a table of 65535 levels (0 and +-1 are exact), so that gamma costs nothing for a pixel.
 */
import type { Range } from "../../data/maps.ts";

const LEVELS = 65535;

export type Mode = "overlay" | "mask";

export type Style = {
  palette: Uint32Array;
  signed: boolean;
  threshold: number;
  gamma: number;
  mode: Mode;
  /** The pixel that hides the image in mask mode. */
  cover: number;
};

/** A pixel for every level of n. */
export type PaintTable = { signed: boolean; pixels: Uint32Array };

export function paintTable({ palette, signed, threshold, gamma, mode, cover }: Style): PaintTable {
  const pixels = new Uint32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const n = signed ? (2 * level) / (LEVELS - 1) - 1 : level / (LEVELS - 1);
    const hot = Math.abs(n) >= threshold;
    if (mode === "mask") pixels[level] = hot ? 0 : cover;
    else pixels[level] = hot ? (palette[colourIndex(n, signed, gamma)] as number) : 0;
  }
  return { signed, pixels };
}

export function colourIndex(n: number, signed: boolean, gamma: number): number {
  if (!signed) return Math.round(255 * n ** gamma);
  return Math.round((255 * (1 + Math.sign(n) * Math.abs(n) ** gamma)) / 2);
}

export function normalise(value: number, { low, high }: Range, signed: boolean): number {
  const extent = signed ? Math.max(Math.abs(low), Math.abs(high)) : high - low;
  if (!(extent > 0)) return 0;
  const n = signed ? value / extent : (value - low) / extent;
  return Math.min(1, Math.max(signed ? -1 : 0, n));
}

/** Writes the pixels of `values` into `pixels`, which has the same length. */
export function paint(values: Float32Array, range: Range, table: PaintTable, pixels: Uint32Array): void {
  const { signed } = table;
  for (let i = 0; i < values.length; i++) {
    const n = normalise(values[i] as number, range, signed);
    const level = Math.round((signed ? (n + 1) / 2 : n) * (LEVELS - 1));
    pixels[i] = table.pixels[level] as number;
  }
}
