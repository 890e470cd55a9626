/** What the errors of reconstructions are called among the figures of a record, and how they are written. */

/** The figures that compare a sample, its reconstruction, its class's, and the class's representative: sums of squared differences. */
export const ERRORS = [
  "input–reconstruction",
  "representative–class reconstruction",
  "reconstruction–class reconstruction",
  "input–class reconstruction",
] as const;

/** How much worse the class alone reconstructs the input than a layer does: the last of the errors by the first. */
export const ERROR_RATIO = "error ratio";

/** Three significant digits; all of the whole ones, in groups of three. */
export function errorText(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
  return value !== 0 && value < 1e-4 ? value.toExponential(1).replace("-", "−") : String(Number(value.toPrecision(3)));
}
