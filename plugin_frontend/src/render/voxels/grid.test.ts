import { expect, test } from "vitest";
import type { Volume } from "../../data/volumes.ts";
import { place, project, turned, type Vector } from "./camera.ts";
import { type Grid, type Up, upright, uprightBox } from "./grid.ts";
import { outlineOf, shadow, shadowOf, VIEWS } from "./projections.ts";

/** Every voxel has a value of its own. */
const volume: Volume = { depth: 2, height: 3, width: 4, voxels: Uint8Array.from({ length: 24 }, (_, i) => i + 1) };

const valueAt = ({ size: [nx, ny], values }: Grid, x: number, y: number, z: number) => values[(z * ny + y) * nx + x];
const stored = (d: number, h: number, w: number) => volume.voxels[(d * 3 + h) * 4 + w];

test("the first axis stands upright, or the second hangs down", () => {
  const first = upright(volume, "first");
  expect(first.size).toEqual([4, 2, 3]);
  expect(valueAt(first, 1, 0, 0)).toBe(stored(0, 2, 1));
  expect(valueAt(first, 3, 1, 2)).toBe(stored(1, 0, 3));
  const second = upright(volume, "second");
  expect(second.size).toEqual([4, 3, 2]);
  expect(valueAt(second, 1, 0, 0)).toBe(stored(1, 2, 1));
  expect(valueAt(second, 3, 2, 1)).toBe(stored(0, 0, 3));
});

test.each<Up>(["first", "second"])("no voxel is lost, and objects are turned, not mirrored (%s)", (up) => {
  const { size, values, source } = upright(volume, up);
  expect(Array.from(source).sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect(Array.from(source, (at) => volume.voxels[at])).toEqual(Array.from(values));
  // How each axis of the grid runs in the volume, as [depth, height, width]: a rotation has determinant 1.
  const origin = placeOf(source[0] as number);
  const [nx, ny] = size;
  const [x, y, z] = [1, nx, nx * ny].map((next) =>
    placeOf(source[next] as number).map((at, i) => at - (origin[i] as number)),
  );
  // Axes of images, (width, height downwards, depth), and of the grid, (right, up, to the viewer), are both right-handed.
  const handedness = determinant([x, y, z].map((axis) => [axis?.[2], axis?.[1], axis?.[0]] as number[]));
  expect(handedness).toBe(1);
});

test.each<Up>(["first", "second"])("a part of the volume is the same voxels as a box of the grid (%s)", (up) => {
  const [starts, stops] = [
    [1, 0, 1],
    [2, 2, 4],
  ];
  const grid = upright(volume, up);
  const { from, to } = uprightBox(volume, up, starts, stops);
  const inside = Array.from(grid.source, (at, i) => ({ at: placeOf(at), i })).filter(({ at }) =>
    at.every((n, axis) => n >= (starts[axis] as number) && n < (stops[axis] as number)),
  );
  const [nx, ny] = grid.size;
  const places = inside.map(({ i }) => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
  for (const axis of [0, 1, 2]) {
    const along = places.map((at) => at[axis] as number);
    expect([Math.min(...along), Math.max(...along) + 1]).toEqual([from[axis], to[axis]]);
  }
});

test("projections show the greatest voxel on the way, and the nearest of equal ones", () => {
  const front = shadow(upright(volume, "second"), "front"); // along the depth
  const { values } = upright(volume, "second");
  expect([front.columns, front.rows]).toEqual([4, 3]);
  expect(Array.from(front.voxels, (voxel) => values[voxel])).toEqual(Array.from(volume.voxels.subarray(12))); // rows down
  const flat = upright({ ...volume, voxels: new Uint8Array(24).fill(9) }, "first");
  const depths = VIEWS.map(
    (view) => new Set(Array.from(shadow(flat, view).voxels, (voxel) => placeIn(flat, voxel)[nearestAxis[view]])),
  );
  expect(depths).toEqual([new Set([2]), new Set([3]), new Set([1])]); // the last along z, x and y
});

test("the box of one voxel covers it in every projection", () => {
  for (const up of ["first", "second"] as const) {
    const voxels = new Uint8Array(24);
    voxels[(1 * 3 + 0) * 4 + 2] = 255;
    const grid = upright({ ...volume, voxels }, up);
    const box = uprightBox(volume, up, [1, 0, 2], [2, 1, 3]);
    for (const view of VIEWS) {
      const { columns, voxels: shown } = shadow(grid, view);
      const lit = shown.findIndex((voxel) => grid.values[voxel] === 255);
      const { x, y, width, height } = outlineOf(box, grid.size, view);
      expect([x, y, width, height]).toEqual([lit % columns, Math.floor(lit / columns), 1, 1]);
      expect(shadowOf(grid.size, view)[0]).toBe(columns);
    }
  }
});

test("without turning, x goes right, y up and z to the viewer; a quarter turn brings x to the back", () => {
  const at = (yaw: number, pitch: number) => project([2, 2, 2], { yaw, pitch }, 100, 100);
  const direction = (yaw: number, pitch: number, axis: 0 | 1 | 2) =>
    at(yaw, pitch).axes[axis].map((n) => Math.round(n) + 0);
  const unit = Math.round(100 / Math.sqrt(12));
  expect([0, 1, 2].map((axis) => direction(0, 0, axis as 0))).toEqual([
    [unit, 0, 0],
    [0, -unit, 0],
    [0, 0, unit],
  ]);
  expect(direction(90, 0, 0)).toEqual([0, 0, -unit]);
  expect(direction(90, 0, 2)).toEqual([unit, 0, 0]);
  expect(direction(0, 90, 2)).toEqual([0, unit, 0]); // seen from above, what is near is below
  expect(direction(0, 90, 1)).toEqual([0, 0, unit]);
});

test("however it is turned, the whole grid is in the picture, in its middle", () => {
  const size = [16, 8, 4] as const;
  for (let yaw = 0; yaw < 360; yaw += 15)
    for (let pitch = -90; pitch <= 90; pitch += 15) {
      const projection = project(size, { yaw, pitch }, 120, 90);
      for (let corner = 0; corner < 8; corner++) {
        const point = size.map((n, axis) => (corner & (1 << axis) ? n : 0)) as unknown as Vector;
        const [x, y] = place(projection, point);
        expect(x).toBeGreaterThanOrEqual(-1e-9);
        expect(x).toBeLessThanOrEqual(120 + 1e-9);
        expect(y).toBeGreaterThanOrEqual(-1e-9);
        expect(y).toBeLessThanOrEqual(90 + 1e-9);
      }
      const middle = place(projection, [8, 4, 2]);
      expect(middle[0]).toBeCloseTo(60);
      expect(middle[1]).toBeCloseTo(45);
      expect(middle[2]).toBeCloseTo(0);
    }
});

test("turning goes round, tilting ends", () => {
  expect(turned({ yaw: 350, pitch: 80 }, 20, 30)).toEqual({ yaw: 10, pitch: 90 });
  expect(turned({ yaw: 10, pitch: -80 }, -20, -30)).toEqual({ yaw: 350, pitch: -90 });
});

const nearestAxis = { front: 2, side: 0, top: 1 } as const;

function placeOf(at: number): number[] {
  return [Math.floor(at / 12), Math.floor(at / 4) % 3, at % 4];
}

function placeIn({ size: [nx, ny] }: Grid, voxel: number): number[] {
  return [voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))];
}

function determinant([a, b, c]: number[][]): number {
  const [[a0, a1, a2], [b0, b1, b2], [c0, c1, c2]] = [a, b, c] as unknown as [Vector, Vector, Vector];
  return a0 * (b1 * c2 - b2 * c1) - a1 * (b0 * c2 - b2 * c0) + a2 * (b0 * c1 - b1 * c0);
}
