/** How overlays look. */
import { computed, signal } from "@preact/signals";
import { dark } from "../host/theme.ts";
import { DIVERGING, type Diverging, packColour, palette, SEQUENTIAL, type Sequential } from "../render/heatmap/lut.ts";
import { type Mode, paintTable } from "../render/heatmap/overlay.ts";
import { adjusted, between, bind, kept, oneOf } from "./bindings.ts";

export const DEFAULTS = {
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

/** The pixel that hides an image. */
export const cover = computed(() => packColour(dark.value ? "#3a3a3a" : "#f5f5f5"));

export const unsignedTable = computed(() => tableOf(colourMap.value, false));
export const signedTable = computed(() => tableOf(diverging.value, true));

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

function tableOf(name: Sequential | Diverging, signed: boolean) {
  return paintTable({
    palette: palette(name),
    signed,
    threshold: threshold.value,
    gamma: gamma.value,
    mode: mode.value,
    cover: cover.value,
  });
}

export const appearanceBindings = [
  adjusted(bind("opacity", opacity, DEFAULTS.opacity, between(0, 1))),
  adjusted(bind("threshold", threshold, DEFAULTS.threshold, between(0, 1))),
  adjusted(bind("gamma", gamma, DEFAULTS.gamma, between(0.2, 5))),
  bind("colormap", colourMap, DEFAULTS.colourMap, oneOf<Sequential>(Object.keys(SEQUENTIAL))),
  bind("diverging", diverging, DEFAULTS.diverging, oneOf<Diverging>(Object.keys(DIVERGING))),
  bind("range", range, DEFAULTS.range, oneOf<"map" | "shared">(["map", "shared"])),
  bind("mode", mode, DEFAULTS.mode, oneOf<Mode>(["overlay", "mask"])),
].map(kept);
