/** The faces of a grid's solid voxels that border on empty ones: all that can ever be seen. */
import type { Grid } from "./grid.ts";

/** Two unit vectors along a face and the one out of it, as axes: 0 x, 1 y, 2 z. */
type Side = { axis: 0 | 1 | 2; sign: 1 | -1; u: 0 | 1 | 2; v: 0 | 1 | 2 };

export const SIDES: readonly Side[] = [
  { axis: 0, sign: -1, u: 1, v: 2 },
  { axis: 0, sign: 1, u: 1, v: 2 },
  { axis: 1, sign: -1, u: 0, v: 2 },
  { axis: 1, sign: 1, u: 0, v: 2 },
  { axis: 2, sign: -1, u: 0, v: 1 },
  { axis: 2, sign: 1, u: 0, v: 1 },
];

export type Surface = {
  size: Grid["size"];
  /** How many faces there are. */
  count: number;
  /** Of each face: the voxel, an index into the grid. */
  voxels: Uint32Array;
  /** Of each face: its side, an index into SIDES. */
  sides: Uint8Array;
  /** Of each face: how open its four corners are, 0 to 3 in two bits each; (u, v) = (0, 0), (1, 0), (0, 1), (1, 1). */
  openness: Uint8Array;
};

/** Voxels of at least `level`, from 1 to 255, are solid. */
export function surfaceOf({ size, values }: Grid, level: number): Surface {
  const [nx, ny, nz] = size;
  const strides = [1, nx, nx * ny] as const;
  const solid = (x: number, y: number, z: number) =>
    x >= 0 && y >= 0 && z >= 0 && x < nx && y < ny && z < nz && (values[(z * ny + y) * nx + x] as number) >= level;

  const voxels: number[] = [];
  const sides: number[] = [];
  const openness: number[] = [];
  const at = [0, 0, 0];
  for (let voxel = 0; voxel < values.length; voxel++) {
    if ((values[voxel] as number) < level) continue;
    at[0] = voxel % nx;
    at[1] = Math.floor(voxel / nx) % ny;
    at[2] = Math.floor(voxel / strides[2]);
    const [x, y, z] = at as [number, number, number];
    for (let side = 0; side < SIDES.length; side++) {
      const { axis, sign, u, v } = SIDES[side] as Side;
      const next = (at[axis] as number) + sign;
      const inside = next >= 0 && next < (size[axis] as number);
      if (inside && (values[voxel + sign * strides[axis]] as number) >= level) continue;
      const above = [x, y, z];
      above[axis] = next;
      const beside = (du: number, dv: number) => {
        const place = [...above] as [number, number, number];
        place[u] = (place[u] as number) + du;
        place[v] = (place[v] as number) + dv;
        return solid(...place) ? 1 : 0;
      };
      voxels.push(voxel);
      sides.push(side);
      openness.push(inside ? opennessOf(beside) : 0xff);
    }
  }
  return {
    size,
    count: voxels.length,
    voxels: Uint32Array.from(voxels),
    sides: Uint8Array.from(sides),
    openness: Uint8Array.from(openness),
  };
}

/** A corner is the darker the more of the three voxels that it touches above the face are solid. */
function opennessOf(solid: (du: number, dv: number) => number): number {
  let packed = 0;
  for (let corner = 0; corner < 4; corner++) {
    const du = corner & 1 ? 1 : -1;
    const dv = corner & 2 ? 1 : -1;
    const [a, b] = [solid(du, 0), solid(0, dv)];
    packed |= (a && b ? 0 : 3 - a - b - solid(du, dv)) << (2 * corner);
  }
  return packed;
}
