/**
 * From weights of superpixels to pixels. Each pixel is painted as its superpixel asks for, never as a mixture:
 *
 *     chosen        the colour of its weight, normalised and looked up as overlay.ts says for signed maps
 *     uncertain     the same in stripes: pixels at (x, y) with (x + y) mod 8 < 2 have the colour, the others are transparent
 *     not chosen    transparent
 *
 * In mask mode the chosen ones are transparent, so that the image shows, and all others are covered.
 */
import type { LabelMap } from "../../data/label_maps.ts";
import type { Range } from "../../data/maps.ts";
import { colourIndex, type Mode, normalise } from "../heatmap/overlay.ts";
import { isUncertain } from "./choice.ts";
import { labelsAt } from "./nearest.ts";

/** Of the stripes, in pixels of the canvas: thin, so that what is uncertain looks faint. */
const PERIOD = 8;
const STRIPE = 2;

export type SuperpixelStyle = {
  /** 256 pixels; zero is the middle. */
  palette: Uint32Array;
  gamma: number;
  mode: Mode;
  /** The pixel that hides the image in mask mode. */
  cover: number;
};

type Weighted = { weights: Float32Array; errors: Float32Array | undefined };

/** Writes height x width pixels into `pixels`. */
export function paintSuperpixels(
  labels: LabelMap,
  { weights, errors }: Weighted,
  chosen: readonly boolean[],
  range: Range,
  { palette, gamma, mode, cover }: SuperpixelStyle,
  height: number,
  width: number,
  pixels: Uint32Array,
): void {
  const colours = new Uint32Array(labels.count);
  const between = new Uint32Array(labels.count); // of the gaps between stripes
  for (let i = 0; i < labels.count; i++) {
    const weight = weights[i] ?? 0;
    const colour = palette[colourIndex(normalise(weight, range, true), true, gamma)] as number;
    if (mode === "mask") colours[i] = between[i] = chosen[i] ? 0 : cover;
    else if (chosen[i]) {
      colours[i] = colour;
      between[i] = isUncertain(weight, errors?.[i]) ? 0 : colour;
    }
  }
  const label = labelsAt(labels, height, width);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++)
      pixels[at] = ((x + y) % PERIOD < STRIPE ? colours : between)[label[at] as number] as number;
}
