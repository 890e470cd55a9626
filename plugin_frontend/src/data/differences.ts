/** The difference between a picture and its reconstruction, in absolute value. */
import type { Volume } from "./volumes.ts";

/** Of two images, the mean over their colours: from 0 (alike) to 255. */
export type ImageDifference = { height: number; width: number; values: Uint8Array };

/** `from` and `to` are [height, width] of RGBA. */
export function imageDifference(from: Uint8ClampedArray, to: Uint8ClampedArray): Uint8Array {
  const values = new Uint8Array(from.length / 4);
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++)
      sum += Math.abs((from[4 * i + channel] as number) - (to[4 * i + channel] as number));
    values[i] = Math.round(sum / 3);
  }
  return values;
}

type VolumeDifference = Volume & {
  /** Whether a voxel is less in the second volume than in the first. */
  missing: (voxel: number) => boolean;
};

/** `null`: volumes of different sizes. */
export function volumeDifference(from: Volume, to: Volume): VolumeDifference | null {
  if (from.depth !== to.depth || from.height !== to.height || from.width !== to.width) return null;
  const at = (volume: Volume, voxel: number) => volume.voxels[voxel] as number;
  return {
    ...from,
    voxels: from.voxels.map((value, voxel) => Math.abs(value - at(to, voxel))),
    missing: (voxel) => at(from, voxel) > at(to, voxel),
  };
}
