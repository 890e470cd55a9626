import { expect, test } from "vitest";
import { place, project, type Vector } from "./camera.ts";
import { type Grid, upright } from "./grid.ts";
import { paintVoxels } from "./paint.ts";
import { SIDES, surfaceOf } from "./surface.ts";

const SIDE = 64;

/** A grid whose voxels are solid where `solid` says so. */
function gridOf(n: number, solid: (x: number, y: number, z: number) => boolean): Grid {
  const grid = upright({ depth: n, height: n, width: n, voxels: new Uint8Array(n ** 3) }, "first");
  grid.values.forEach((_, i) => {
    grid.values[i] = solid(i % n, Math.floor(i / n) % n, Math.floor(i / (n * n))) ? 255 : 0;
  });
  return grid;
}

/** Bumps and holes, of which every view hides a part. */
const rough = gridOf(7, (x, y, z) => (x * 5 + y * 3 + z * 7) % 4 === 0 || (x > 2 && y < 3 && z > 1));

test("the faces of a block are its outside, whatever is within", () => {
  const block = gridOf(5, (x, y, z) => [x, y, z].every((at) => at >= 1 && at <= 3));
  const { count, voxels, sides } = surfaceOf(block, 128);
  expect(count).toBe(6 * 9);
  for (const side of SIDES.keys()) expect(sides.filter((other) => other === side)).toHaveLength(9);
  expect(Array.from(voxels)).not.toContain((2 * 5 + 2) * 5 + 2); // the middle
});

test("the faces are those between a solid voxel and an empty one or the outside", () => {
  const solid = ([x, y, z]: number[]) =>
    [x, y, z].every((at) => (at as number) >= 0 && (at as number) < 7) &&
    rough.values[((z as number) * 7 + (y as number)) * 7 + (x as number)] === 255;
  const expected = new Set<string>();
  for (let voxel = 0; voxel < 343; voxel++) {
    const at = [voxel % 7, Math.floor(voxel / 7) % 7, Math.floor(voxel / 49)];
    SIDES.forEach(({ axis, sign }, side) => {
      const next = [...at];
      next[axis] = (next[axis] as number) + sign;
      if (solid(at) && !solid(next)) expected.add(`${voxel} ${side}`);
    });
  }
  const { count, voxels, sides } = surfaceOf(rough, 128);
  expect(new Set(Array.from(voxels, (voxel, i) => `${voxel} ${sides[i]}`))).toEqual(expected);
  expect(count).toBe(expected.size);
});

test("a voxel counts from the threshold on", () => {
  const grid = gridOf(3, () => false);
  grid.values[13] = 128;
  expect(surfaceOf(grid, 128).count).toBe(6);
  expect(surfaceOf(grid, 129).count).toBe(0);
});

test("corners are the darker the more stands over them", () => {
  // A floor with a wall along x = 0: over the floor beside the wall the corners at the wall are darker.
  const grid = gridOf(3, (x, y) => y === 0 || x === 0);
  const { voxels, sides, openness } = surfaceOf(grid, 128);
  const top = SIDES.findIndex(({ axis, sign }) => axis === 1 && sign === 1);
  const openAt = (x: number, z: number) => {
    const face = voxels.findIndex((voxel, i) => voxel === (z * 3 + 0) * 3 + x && sides[i] === top);
    return [0, 2, 4, 6].map((shift) => ((openness[face] as number) >> shift) & 3);
  };
  expect(openAt(1, 1)).toEqual([1, 3, 1, 3]); // u is x: the corners at x = 1 touch two voxels of the wall
  expect(openAt(2, 1)).toEqual([3, 3, 3, 3]);
});

/** Which voxel is seen at each pixel, by painting each in a colour of its own: -1 where there is none. */
function seen(grid: Grid, yaw: number, pitch: number): Int32Array {
  const pixels = new Uint32Array(SIDE * SIDE);
  const ids = new Int32Array(SIDE * SIDE).fill(-1);
  const projection = project(grid.size, { yaw, pitch }, SIDE, SIDE);
  const surface = surfaceOf(grid, 128);
  for (const voxel of new Set(surface.voxels)) {
    // One in white on black at a time: shades do not matter, and nothing but its own faces is ever lit.
    paintVoxels(surface, projection, (other) => (other === voxel ? 0xffffff : 0), pixels, SIDE, SIDE);
    pixels.forEach((pixel, i) => {
      if (pixel & 0xffffff) ids[i] = voxel;
    });
  }
  return ids;
}

/** The same by following a ray from the viewer through each pixel in small steps. */
function traced(grid: Grid, yaw: number, pitch: number): Int32Array {
  const { axes, origin } = project(grid.size, { yaw, pitch }, SIDE, SIDE);
  const [nx, ny, nz] = grid.size;
  const scale = Math.hypot(...axes[0]);
  const ids = new Int32Array(SIDE * SIDE).fill(-1);
  for (let i = 0; i < ids.length; i++) {
    for (let near = SIDE; near > -SIDE; near -= scale / 50) {
      // The axes are a rotation, scaled: its transpose takes screen back to grid.
      const screen = [(i % SIDE) + 0.5 - origin[0], Math.floor(i / SIDE) + 0.5 - origin[1], near - origin[2]];
      const [x, y, z] = axes.map((axis) =>
        Math.floor(axis.reduce((sum, part, s) => sum + part * (screen[s] as number), 0) / scale ** 2),
      ) as [number, number, number];
      if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) continue;
      const voxel = (z * ny + y) * nx + x;
      if (grid.values[voxel] !== 255) continue;
      ids[i] = voxel;
      break;
    }
  }
  return ids;
}

test.each([
  [33, 22],
  [145, -35],
  [250, 60],
  [310, -70],
])("what is seen is what a ray meets first (yaw %i, pitch %i)", (yaw, pitch) => {
  const [painted, expected] = [seen(rough, yaw, pitch), traced(rough, yaw, pitch)];
  const wrong = painted.filter((voxel, i) => voxel !== expected[i]).length;
  expect(expected.filter((voxel) => voxel >= 0).length).toBeGreaterThan(900);
  expect(wrong / painted.length).toBeLessThan(0.01); // rays step over edges, and edges may fall on either side of a pixel
});

test("seen straight from the front, the top or the side, a block is its square without gaps", () => {
  const block = gridOf(8, () => true);
  for (const [yaw, pitch] of [
    [0, 0],
    [90, 0],
    [180, 0],
    [0, 90],
    [0, -90],
  ] as const) {
    const pixels = new Uint32Array(SIDE * SIDE);
    const projection = project(block.size, { yaw, pitch }, SIDE, SIDE);
    paintVoxels(surfaceOf(block, 1), projection, () => 0x808080, pixels, SIDE, SIDE);
    const [left, top] = [0, 1].map((s) =>
      Math.min(place(projection, [0, 0, 0])[s] as number, place(projection, [8, 8, 8])[s] as number),
    ) as unknown as Vector;
    const span = 8 * (SIDE / Math.hypot(8, 8, 8));
    for (let i = 0; i < pixels.length; i++) {
      const [x, y] = [(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5];
      const inside = x > left + 0.1 && x < left + span - 0.1 && y > top + 0.1 && y < top + span - 0.1;
      const outside = x < left - 0.1 || x > left + span + 0.1 || y < top - 0.1 || y > top + span + 0.1;
      if (inside) expect(pixels[i]).not.toBe(0);
      if (outside) expect(pixels[i]).toBe(0);
    }
  }
});

test("the light comes from above: the top is brightest, and colours keep their hue", () => {
  const one = gridOf(1, () => true);
  const projection = project(one.size, { yaw: 35, pitch: 30 }, SIDE, SIDE);
  const pixels = new Uint32Array(SIDE * SIDE);
  paintVoxels(surfaceOf(one, 1), projection, () => 0x804020, pixels, SIDE, SIDE);
  const reds = new Map<number, number>();
  for (const pixel of pixels) {
    if (!pixel) continue;
    const [red, green, blue] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
    expect(green).toBeCloseTo(red / 2, -0.5);
    expect(blue).toBeCloseTo(red / 4, -0.5);
    reds.set(red, (reds.get(red) ?? 0) + 1);
  }
  const common = [...reds].filter(([, count]) => count > 200).map(([red]) => red);
  expect(common).toHaveLength(3);
  const [x, y] = place(projection, [0.5, 1, 0.5]);
  expect((pixels[Math.floor(y) * SIDE + Math.floor(x)] as number) & 255).toBe(Math.max(...common));
});
