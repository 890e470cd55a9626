/** Which pixel a row gets; the shaders do the same, in the same words. */
import type { Colours, Theme } from "./types.ts";

export function pixelOf(colours: Colours | null, row: number, theme: Theme): number {
  if (!colours) return theme.missing;
  if ("codes" in colours) return colours.palette[colours.codes[row] as number] ?? theme.missing;
  const { low, gain } = rampOf(colours.low, colours.high);
  const value = colours.values[row] as number;
  if (Number.isNaN(value)) return theme.missing;
  const share = Math.min(1, Math.max(0, (value - low) * gain));
  return colours.lut[Math.floor(share * (colours.lut.length - 1) + 0.5)] ?? theme.missing;
}

/** share = (value - low) * gain: 0 to 1 from `low` to `high`, and the middle where these are the same. */
export function rampOf(low: number, high: number): { low: number; gain: number } {
  return high > low ? { low, gain: 1 / (high - low) } : { low: low - 0.5, gain: 1 };
}

/** Red, green, blue, from 0 to 1. */
export function channelsOf(pixel: number): [r: number, g: number, b: number] {
  const [r = 0, g = 0, b = 0] = new Uint8Array(Uint32Array.of(pixel).buffer);
  return [r / 255, g / 255, b / 255];
}
