/** Which of several maps of occlusion is drawn: by the size of the window, and by what pairs of windows say. */
import { signal } from "@preact/signals";
import type { PairView } from "../data/occlusion_pairs.ts";
import { mediumOf } from "../data/windows.ts";
import { adjusted, bind, oneOf, whole } from "./bindings.ts";

/** The size of the window, counted from 1 for the smallest; `null`: the medium one. */
export const slider = signal<number | null>(null);

const PAIR_VIEWS = ["joint", "interaction"] as const satisfies readonly PairView[];

export const pairView = signal<PairView>("joint");

/** The index of the chosen size among `count`; of a series with fewer sizes than that, the largest. */
export function chosenSlider(count: number): number {
  return slider.value === null ? mediumOf(count) : Math.min(count, slider.value) - 1;
}

export const occlusionBindings = [
  adjusted(bind<number | null>("slider", slider, null, (value) => whole(value) || undefined)),
  bind("pairs", pairView, "joint", oneOf<PairView>(PAIR_VIEWS)),
];
