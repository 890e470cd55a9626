/** Which map of a target is drawn, and its values at the resolution of a canvas. */
import type { Target } from "../../data/explained.ts";
import { Lru } from "../../data/lru.ts";
import type { AttributionMap } from "../../data/maps.ts";
import { upsample } from "../../render/heatmap/upsample.ts";
import { spread } from "../../render/superpixels/spread.ts";
import { labelMap } from "../../state/label_maps.ts";
import { chosenSlider, pairView } from "../../state/occlusion.ts";

export function shownMap({ map, detail }: Target): AttributionMap {
  if (detail.kind === "OCCLUSION") return detail.sliders[chosenSlider(detail.sliders.length)]?.map ?? map;
  return detail.kind === "OCCLUSION_PAIRS" ? detail.pairs.overview[pairView.value] : map;
}

/** Resampled maps: what a slider's every move would otherwise compute anew. */
const resampled = new Lru<Float32Array>(64 * 1024 * 1024);

/** The values, height x width; `null` while the label map of their superpixels is not there. */
export function resample(map: AttributionMap, run: string, height: number, width: number): Float32Array | null {
  const name = `${run}/${map.id}/${height}x${width}`;
  const known = resampled.get(name);
  if (known) return known;
  const values = compute(map, run, height, width);
  if (values) resampled.set(name, values, values.byteLength);
  return values;
}

function compute(map: AttributionMap, run: string, height: number, width: number): Float32Array | null {
  if (map.form === "pixels") return upsample(map.values, map.rows, map.columns, height, width);
  if (map.form === "windows") return map.raster(height, width);
  const labels = labelMap(run, map.segments);
  return labels ? spread(labels, map.weights, height, width) : null;
}

/** Why the map cannot be drawn, in a few words; `undefined` when it can, or may be soon. */
export function problemOf(map: AttributionMap, run: string): string | undefined {
  if (map.form !== "superpixels") return undefined;
  if (!map.segments) return "superpixels were not logged";
  return labelMap(run, map.segments) === null ? "the superpixels cannot be read" : undefined;
}
