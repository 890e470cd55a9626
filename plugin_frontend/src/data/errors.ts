/** What the errors of reconstructions are called among the figures of a record. */

/** The figures that compare a sample, its reconstruction, its class's, and the class's representative: sums of squared differences. */
export const ERRORS = [
  "input–reconstruction",
  "representative–class reconstruction",
  "reconstruction–class reconstruction",
  "input–class reconstruction",
] as const;

/** How much worse the class alone reconstructs the input than a layer does: the last of the errors by the first. */
export const ERROR_RATIO = "error ratio";
