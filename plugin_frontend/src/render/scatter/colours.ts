/** Which pixel each row gets. */
import type { Colours, Theme } from "./types.ts";

const RGB = 0xffffff;

/** A function from row to pixel, for many rows. */
export function pixelsOf(colours: Colours | null, { missing }: Theme): (row: number) => number {
  if (!colours) return () => missing;
  if ("codes" in colours) {
    const { codes, palette } = colours;
    return (row) => palette[codes[row] as number] ?? missing;
  }
  const { values, lut } = colours;
  const { low, gain } = rampOf(colours.low, colours.high);
  const last = lut.length - 1;
  return (row) => {
    const share = Math.min(1, Math.max(0, ((values[row] as number) - low) * gain));
    return lut[Math.floor(share * last + 0.5)] ?? missing; // NaN is no place in the table
  };
}

/** share = (value - low) * gain: 0 to 1 from `low` to `high`, and the middle where these are the same. */
function rampOf(low: number, high: number): { low: number; gain: number } {
  return high > low ? { low, gain: 1 / (high - low) } : { low: low - 0.5, gain: 1 };
}

/** A point as the GPU has it: its state where a pixel has its opacity. */
export function packed(pixel: number, state: number): number {
  return ((pixel & RGB) | (state << 24)) >>> 0;
}

/** Red, green, blue, from 0 to 1. */
export function channelsOf(pixel: number): [r: number, g: number, b: number] {
  return [(pixel & 255) / 255, ((pixel >> 8) & 255) / 255, ((pixel >> 16) & 255) / 255];
}
