/** Finds superpixels at the resolution of a canvas: the nearest pixel's, since labels have nothing in between. */
import type { LabelMap } from "../../data/label_maps.ts";

/** For each pixel of a canvas of height x width, its label. The label map covers the canvas entirely. */
export function labelsAt(map: LabelMap, height: number, width: number): Uint16Array {
  if (map.height === height && map.width === width) return map.labels;
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * map.width) / width));
  const labels = new Uint16Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * map.height) / height) * map.width;
    for (let x = 0; x < width; x++) labels[y * width + x] = map.labels[row + (columns[x] as number)] as number;
  }
  return labels;
}

/** The label at a point of the picture, both coordinates from 0 to 1. */
export function labelAt({ height, width, labels }: LabelMap, x: number, y: number): number {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return labels[row * width + column] as number;
}
