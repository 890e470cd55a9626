/** Maps of any form as values on a common raster, so that they can be compared place by place. */
import type { LabelMap } from "../../data/label_maps.ts";
import type { PixelMap, SuperpixelMap, ValueMap } from "../../data/maps.ts";
import { canvasSize, upsample } from "../heatmap/upsample.ts";
import { labelsAt } from "../superpixels/nearest.ts";

type Raster = { rows: number; columns: number };

/** A map that can be put on a raster: superpixels come with their label map. */
export type Placed = Exclude<ValueMap, SuperpixelMap> | { map: SuperpixelMap; labels: LabelMap };

/** Windows have no grid of their own; so many cells along the longer side show where they differ. */
const WINDOWS = 64;

/** The finer of the grids on which two maps were computed. */
export function finerRaster(a: Placed, b: Placed): Raster {
  const [first, second] = [rasterOf(a), rasterOf(b)];
  return first.rows * first.columns >= second.rows * second.columns ? first : second;
}

function rasterOf(placed: Placed): Raster {
  if ("labels" in placed) return { rows: placed.labels.height, columns: placed.labels.width };
  if (placed.form === "pixels") return { rows: placed.rows, columns: placed.columns };
  const { height, width } = canvasSize(
    placed.height,
    placed.width,
    Math.min(WINDOWS, Math.max(placed.height, placed.width)),
  );
  return { rows: height, columns: width };
}

export function valuesOn(placed: Placed, { rows, columns }: Raster): Float32Array {
  if ("labels" in placed) {
    const { weights } = placed.map;
    return Float32Array.from(labelsAt(placed.labels, rows, columns), (label) => weights[label] ?? 0);
  }
  if (placed.form === "windows") return placed.raster(rows, columns);
  return onGrid(placed, rows, columns);
}

function onGrid(map: PixelMap, rows: number, columns: number): Float32Array {
  if (map.rows === rows && map.columns === columns) return map.values;
  return upsample(map.values, map.rows, map.columns, rows, columns);
}
