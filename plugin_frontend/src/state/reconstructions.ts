/** What is looked at among the reconstructions of a sample, wherever there are any. */
import { signal } from "@preact/signals";

/** The enlarged one: 0 the input, then the reconstructions as they were logged; `null`: the most abstract. */
export const chosenReconstruction = signal<number | null>(null);

/** Whether reconstructions are shown as their difference from the input. */
export const showDifference = signal(false);

/** The response field that is shown, among those of the sample. */
export const chosenField = signal(0);
