/** How overlays look. */
import { signal } from "@preact/signals";
import type { Diverging, Sequential } from "../render/heatmap/lut.ts";
import type { Mode } from "../render/heatmap/overlay.ts";
import { adjusted, between, bind, kept, oneOf } from "./bindings.ts";

const SEQUENTIAL = ["viridis", "cividis", "magma", "turbo"] as const satisfies readonly Sequential[];
const DIVERGING = ["RdBu", "PuOr"] as const satisfies readonly Diverging[];

const DEFAULTS = {
  opacity: 0.6,
  threshold: 0,
  gamma: 1,
  colourMap: "viridis" as Sequential,
  diverging: "RdBu" as Diverging,
  range: "map" as "map" | "shared",
  mode: "overlay" as Mode,
};

export const opacity = signal(DEFAULTS.opacity);
export const threshold = signal(DEFAULTS.threshold);
export const gamma = signal(DEFAULTS.gamma);
export const colourMap = signal(DEFAULTS.colourMap);
export const diverging = signal(DEFAULTS.diverging);
export const range = signal(DEFAULTS.range);
export const mode = signal(DEFAULTS.mode);

/** While true, images are shown bare. */
export const peeking = signal(false);

export function setMode(next: Mode): void {
  // A mask without threshold would show the whole image and look like a mistake.
  if (next === "mask" && threshold.value === 0) threshold.value = 0.5;
  if (next === "overlay" && mode.value === "mask" && threshold.value === 0.5) threshold.value = DEFAULTS.threshold;
  mode.value = next;
}

export function resetAppearance(): void {
  opacity.value = DEFAULTS.opacity;
  threshold.value = DEFAULTS.threshold;
  gamma.value = DEFAULTS.gamma;
  colourMap.value = DEFAULTS.colourMap;
  diverging.value = DEFAULTS.diverging;
  range.value = DEFAULTS.range;
  mode.value = DEFAULTS.mode;
}

export const appearanceBindings = [
  adjusted(bind("opacity", opacity, DEFAULTS.opacity, between(0, 1))),
  adjusted(bind("threshold", threshold, DEFAULTS.threshold, between(0, 1))),
  adjusted(bind("gamma", gamma, DEFAULTS.gamma, between(0.2, 5))),
  bind("colormap", colourMap, DEFAULTS.colourMap, oneOf<Sequential>(SEQUENTIAL)),
  bind("diverging", diverging, DEFAULTS.diverging, oneOf<Diverging>(DIVERGING)),
  bind("range", range, DEFAULTS.range, oneOf<"map" | "shared">(["map", "shared"])),
  bind("mode", mode, DEFAULTS.mode, oneOf<Mode>(["overlay", "mask"])),
].map(kept);
