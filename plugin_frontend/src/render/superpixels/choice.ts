/** Which superpixels of a map are shown: the strongest, of one sign, above a threshold. */
import type { Range } from "../../data/maps.ts";
import { normalise } from "../heatmap/overlay.ts";

export type Sign = "both" | "for" | "against";

export type Choice = {
  sign: Sign;
  /** Of those with the sign, so many with the largest weights; `null`: all. */
  strongest: number | null;
  /** And of these, those whose weight is at least this share of the largest, as for the pixels of any other map. */
  threshold: number;
};

/** Superpixels by size of their weight, the largest first. */
export function ranked(weights: Float32Array): number[] {
  const size = (i: number) => Math.abs(weights[i] as number);
  return Array.from(weights.keys()).sort((a, b) => size(b) - size(a) || a - b);
}

/** For each superpixel whether it is shown. */
export function choose(weights: Float32Array, range: Range, { sign, strongest, threshold }: Choice): boolean[] {
  const ofSign = ranked(weights).filter((i) => sign === "both" || Math.sign(weights[i] as number) === SIGN[sign]);
  const chosen = new Set(strongest === null ? ofSign : ofSign.slice(0, strongest));
  return Array.from(weights, (weight, i) => chosen.has(i) && Math.abs(normalise(weight, range, true)) >= threshold);
}

const SIGN = { for: 1, against: -1 };

/** Whether a weight cannot be told from zero: less than two standard errors from it. */
export function isUncertain(weight: number, error: number | undefined): boolean {
  return error !== undefined && Math.abs(weight) < 2 * error;
}
