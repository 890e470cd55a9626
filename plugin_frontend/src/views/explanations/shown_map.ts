/** Which map of a target is drawn, and its values at the resolution of a canvas. */
import type { Target } from "../../data/explained.ts";
import { Lru } from "../../data/lru.ts";
import type { AttributionMap, SuperpixelMap, ValueMap } from "../../data/maps.ts";
import { canvasSize, upsample } from "../../render/heatmap/upsample.ts";
import { labelAt } from "../../render/superpixels/nearest.ts";
import { placedOn, way } from "../../state/clusters.ts";
import { labelMap } from "../../state/label_maps.ts";
import { chosenSlider, pairView } from "../../state/occlusion.ts";

export function shownMap({ map, detail }: Target): AttributionMap {
  if (detail.kind === "OCCLUSION") return detail.sliders[chosenSlider(detail.sliders.length)]?.map ?? map;
  if (detail.kind === "CLUSTERS") return (placedOn(detail, way.value) ?? detail.forward).map;
  return detail.kind === "OCCLUSION_PAIRS" ? detail.pairs.overview[pairView.value] : map;
}

/** Resampled maps: what a slider's every move would otherwise compute anew. */
const resampled = new Lru<Float32Array>(64 * 1024 * 1024);

export function resample(map: Exclude<ValueMap, SuperpixelMap>, height: number, width: number): Float32Array {
  const name = `${map.id}/${height}x${width}`;
  const known = resampled.get(name);
  if (known) return known;
  const values =
    map.form === "windows" ? map.raster(height, width) : upsample(map.values, map.rows, map.columns, height, width);
  resampled.set(name, values, values.byteLength);
  return values;
}

/** The value drawn at a point of the picture, both coordinates from 0 to 1, on a canvas whose longer side has `longest` pixels. */
export function valueAt(map: ValueMap, run: string, x: number, y: number, longest: number): number | null {
  if (map.form === "superpixels") {
    const labels = labelMap(run, map.segments);
    return labels ? (map.weights[labelAt(labels, x, y)] ?? 0) : null;
  }
  const { height, width } = canvasSize(map.height, map.width, longest);
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return resample(map, height, width)[row * width + column] ?? null;
}

/** Why the map cannot be drawn, in a few words; `undefined` when it can, or may be soon. */
export function problemOf(map: AttributionMap, run: string): string | undefined {
  if (map.form !== "superpixels") return undefined;
  if (!map.segments) return "superpixels were not logged";
  const labels = labelMap(run, map.segments);
  if (labels === null) return "the superpixels cannot be read";
  return labels && labels.count > map.weights.length ? "not the superpixels of these weights" : undefined;
}
