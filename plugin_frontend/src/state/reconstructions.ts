/** What is looked at among the reconstructions of a sample, wherever there are any. */
import { signal } from "@preact/signals";
import { bind, flag, whole } from "./bindings.ts";

/** The enlarged one: 0 the input, then the reconstructions as they were logged; `null`: the most abstract. */
export const chosenReconstruction = signal<number | null>(null);

/** Whether reconstructions are shown as their difference from the input. */
export const showDifference = signal(false);

/** The response field that is shown, among those of the sample. */
export const chosenField = signal(0);

export const reconstructionBindings = [
  bind<number | null>("reconstruction", chosenReconstruction, null, whole),
  bind("difference", showDifference, false, ...flag),
  bind("field", chosenField, 0, whole),
];
