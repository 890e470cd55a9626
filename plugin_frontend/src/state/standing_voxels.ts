/** Volumes as they stand, and the faces of what is shown of them: found once for all that draw them. */
import type { Volume } from "../data/volumes.ts";
import { type Grid, type Up, upright } from "../render/voxels/grid.ts";
import { type Surface, surfaceOf } from "../render/voxels/surface.ts";
import { leastShown, up } from "./voxels.ts";

const grids = new WeakMap<Volume, { up: Up; grid: Grid }>();
const surfaces = new WeakMap<Grid, { least: number; surface: Surface }>();

/** The volume as it stands. */
export function standing(volume: Volume): Grid {
  let known = grids.get(volume);
  if (known?.up !== up.value) {
    known = { up: up.value, grid: upright(volume, up.value) };
    grids.set(volume, known);
  }
  return known.grid;
}

/** The faces of what is shown of it. */
export function shownSurface(volume: Volume): Surface {
  const grid = standing(volume);
  const least = leastShown();
  let known = surfaces.get(grid);
  if (known?.least !== least) {
    known = { least, surface: surfaceOf(grid, least) };
    surfaces.set(grid, known);
  }
  return known.surface;
}
