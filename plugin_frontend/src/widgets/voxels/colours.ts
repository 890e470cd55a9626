/** The colours of voxels that have none of their own: the surer a voxel, the stronger. */
import { dark } from "../../host/theme.ts";
import type { Grid } from "../../render/voxels/grid.ts";
import type { Colour } from "../../render/voxels/paint.ts";

/** Of a voxel by its place in the volume that was stored. */
export type Colours = (voxel: number) => Colour;

/** Of a voxel that is hardly there, and of one that is certain. */
function shades(): [Colour, Colour] {
  return dark.value ? [0x5f6b7a, 0x9cc3f5] : [0xc3cad4, 0x5f9be8];
}

/** Of a voxel by its place in the grid. */
export function colourer(grid: Grid, least: number, colours: Colours | undefined): (voxel: number) => Colour {
  if (colours) return (voxel) => colours(grid.source[voxel] as number);
  const [faint, sure] = shades();
  const table = Array.from({ length: 256 }, (_, value) =>
    mix(faint, sure, Math.max(0, (value - least) / Math.max(1, 255 - least))),
  );
  return (voxel) => table[grid.values[voxel] as number] as Colour;
}

/** The ground that voxels are seen on where they are flat, and the colour of a certain one. */
export function ground(): [Colour, Colour] {
  return [dark.value ? 0x3a3a3a : 0xf5f5f5, shades()[1]];
}

export function mix(from: Colour, to: Colour, share: number): Colour {
  const part = (shift: number) => {
    const a = (from >> shift) & 255;
    return Math.round(a + (((to >> shift) & 255) - a) * share) << shift;
  };
  return part(16) | part(8) | part(0);
}
