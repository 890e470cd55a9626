/** A volume, set upright: x goes right, y up and z towards the viewer. */
import type { Volume } from "../../data/volumes.ts";

/** Which axis of the volume stands upright: its first, upwards, or its second, downwards as the rows of an image. */
export type Up = "first" | "second";

export type Grid = {
  /** Voxels along x, y and z. */
  size: readonly [number, number, number];
  /** [z, y, x], x fastest. */
  values: Uint8Array;
  /** The place of each in the volume that was stored. */
  source: Uint32Array;
};

/** Turned, never mirrored: what is left stays left of what is in front. */
export function upright({ depth, height, width, voxels }: Volume, up: Up): Grid {
  const [ny, nz] = up === "first" ? [depth, height] : [height, depth];
  const values = new Uint8Array(voxels.length);
  const source = new Uint32Array(voxels.length);
  let at = 0;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      const plane = up === "first" ? y : depth - 1 - z;
      const row = up === "first" ? height - 1 - z : height - 1 - y;
      const start = (plane * height + row) * width;
      for (let x = 0; x < width; x++, at++) {
        values[at] = voxels[start + x] as number;
        source[at] = start + x;
      }
    }
  return { size: [width, ny, nz], values, source };
}

/** A part of a grid, from one corner to the opposite one. */
export type Box = { from: readonly [number, number, number]; to: readonly [number, number, number] };

/** A part of a volume, [depth, height, width] with exclusive stops, as it stands in the grid. */
export function uprightBox(
  { depth, height, width }: Pick<Volume, "depth" | "height" | "width">,
  up: Up,
  [d0 = 0, h0 = 0, w0 = 0]: readonly number[],
  [d1 = depth, h1 = height, w1 = width]: readonly number[],
): Box {
  return up === "first"
    ? { from: [w0, d0, height - h1], to: [w1, d1, height - h0] }
    : { from: [w0, height - h1, depth - d1], to: [w1, height - h0, depth - d0] };
}
