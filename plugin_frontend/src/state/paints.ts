/** What maps are painted with: pixels that follow from how overlays, superpixels and clusters are to look. */
import { computed } from "@preact/signals";
import type { ClusterPath } from "../data/clusters.ts";
import type { Range, SuperpixelMap } from "../data/maps.ts";
import { dark } from "../host/theme.ts";
import { classColour, clusterColour } from "../render/clusters/colours.ts";
import type { ClusterStyle } from "../render/clusters/paint.ts";
import { type ColourMap, packColour, palette } from "../render/heatmap/lut.ts";
import { paintTable } from "../render/heatmap/overlay.ts";
import { choose } from "../render/superpixels/choice.ts";
import { colourMap, diverging, gamma, mode, threshold } from "./appearance.ts";
import { colourBy, shownClusters } from "./clusters.ts";
import { sign, strongest, superpixelMode } from "./superpixels.ts";

/** The pixel that hides an image. */
const cover = computed(() => packColour(dark.value ? "#3a3a3a" : "#f5f5f5"));

export const unsignedTable = computed(() => tableOf(colourMap.value, false));
export const signedTable = computed(() => tableOf(diverging.value, true));

function tableOf(name: ColourMap, signed: boolean) {
  return paintTable({
    palette: palette(name),
    signed,
    threshold: threshold.value,
    gamma: gamma.value,
    mode: mode.value,
    cover: cover.value,
  });
}

export const superpixelStyle = computed(() => ({
  palette: palette(diverging.value),
  gamma: gamma.value,
  mode: superpixelMode.value,
  cover: cover.value,
}));

/** "#rrggbb" of cluster `c`. */
export function colourOf({ ids, dominant, purity, classes }: ClusterPath, c: number): string {
  if (colourBy.value === "cluster") return clusterColour(ids[c] as number);
  return classColour(dominant[c] as number, purity[c] as number, classes);
}

/** How maps of these clusters are to look now. What calls this in an effect is called again when it changes. */
export function clusterStyle(path: ClusterPath, lit: number | null): ClusterStyle {
  const colours = Uint32Array.from(path.ids, (_, c) => packColour(colourOf(path, c)));
  return { colours, shown: shownClusters(path), lit, veil: cover.value };
}

/** For each superpixel of the map whether it is shown. */
export function chosenOf(map: SuperpixelMap, range: Range): boolean[] {
  const choice = { sign: sign.value, strongest: strongest.value, threshold: threshold.value };
  return choose(map.weights, range, choice);
}
