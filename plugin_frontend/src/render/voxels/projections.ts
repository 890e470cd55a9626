/** A grid looked through along each of its axes: the greatest voxel on the way, and which one that is. */
import type { Box, Grid } from "./grid.ts";

export const VIEWS = ["front", "side", "top"] as const;

export type View = (typeof VIEWS)[number];

type Shadow = {
  columns: number;
  rows: number;
  /** [rows, columns] indices into the grid: of equal voxels the nearest. */
  voxels: Uint32Array;
};

/** Columns, rows, and how many voxels lie one behind the other. */
export function shadowOf([nx, ny, nz]: Grid["size"], view: View): [number, number, number] {
  return { front: [nx, ny, nz], side: [nz, ny, nx], top: [nx, nz, ny] }[view] as [number, number, number];
}

/** Where a box lies in that view: from which column and row on, and how many of them. */
export function outlineOf({ from, to }: Box, [, ny, nz]: Grid["size"], view: View) {
  const [x, y] = {
    front: [from[0], ny - to[1]],
    side: [nz - to[2], ny - to[1]],
    top: [from[0], from[2]],
  }[view] as [number, number];
  const [across, down] = ({ front: [0, 1], side: [2, 1], top: [0, 2] } as const)[view];
  return { x, y, width: to[across] - from[across], height: to[down] - from[down] };
}

/** The side is seen from the right, the top from above with the front below, as in an engineer's drawing. */
export function shadow({ size, values }: Grid, view: View): Shadow {
  const [nx, ny, nz] = size;
  const [columns, rows, along] = shadowOf(size, view);
  // Of the voxel in that row and column, so many steps from the viewer.
  const voxelAt = {
    front: (row: number, column: number, step: number) => ((nz - 1 - step) * ny + (ny - 1 - row)) * nx + column,
    side: (row: number, column: number, step: number) =>
      ((nz - 1 - column) * ny + (ny - 1 - row)) * nx + (nx - 1 - step),
    top: (row: number, column: number, step: number) => (row * ny + (ny - 1 - step)) * nx + column,
  }[view];
  const voxels = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let best = voxelAt(row, column, 0);
      for (let step = 1; step < along; step++) {
        const voxel = voxelAt(row, column, step);
        if ((values[voxel] as number) > (values[best] as number)) best = voxel;
      }
      voxels[row * columns + column] = best;
    }
  return { columns, rows, voxels };
}
