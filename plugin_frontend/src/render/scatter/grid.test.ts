import { expect, test } from "vitest";
import { CELLS, Grid } from "./grid.ts";
import { rowsInPolygon } from "./lasso.ts";

/** Numbers from 0 to 1, the same every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Half of it spread out, half of it crowded in a few cells. */
function points(n: number, random: () => number): Uint16Array {
  return Uint16Array.from({ length: 2 * n }, (_, i) => (i < n ? random() * 65536 : 20_000 + random() ** 3 * 3_000));
}

const everyRow = () => true;

/** Every point against every edge, after W. R. Franklin's PNPOLY. */
function brute(flat: Uint16Array, polygon: number[]): number[] {
  const [xs, ys] = [polygon.filter((_, i) => i % 2 === 0), polygon.filter((_, i) => i % 2 === 1)] as [
    number[],
    number[],
  ];
  const at = (values: number[], i: number) => values.at(i) as number;
  const rows: number[] = [];
  for (let row = 0; 2 * row < flat.length; row++) {
    const [x, y] = [flat[2 * row] as number, flat[2 * row + 1] as number];
    let inside = false;
    for (let i = 0; i < xs.length; i++) {
      const crosses = at(ys, i) > y !== at(ys, i - 1) > y;
      const height = (y - at(ys, i)) / (at(ys, i - 1) - at(ys, i));
      if (crosses && x < (at(xs, i - 1) - at(xs, i)) * height + at(xs, i)) inside = !inside;
    }
    if (inside) rows.push(row);
  }
  return rows;
}

test("every row is in its cell", () => {
  const flat = points(5000, seeded(1));
  const { starts, rows } = new Grid(flat);
  expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, row) => row));
  for (let cell = 0; cell < CELLS * CELLS; cell++)
    for (const row of rows.subarray(starts[cell], starts[cell + 1])) {
      expect((flat[2 * row] as number) >> 8).toBe(cell % CELLS);
      expect((flat[2 * row + 1] as number) >> 8).toBe(Math.floor(cell / CELLS));
    }
});

test("the nearest row is that of a full search, among those allowed and within the radius", () => {
  const random = seeded(2);
  const flat = points(3000, random);
  const grid = new Grid(flat);
  const distance = (row: number, x: number, y: number) =>
    Math.hypot((flat[2 * row] as number) - x, (flat[2 * row + 1] as number) - y);
  for (let trial = 0; trial < 300; trial++) {
    const [x, y, radius] = [random() * 80_000 - 7_000, random() * 80_000 - 7_000, random() * 2_000];
    const allowed = (row: number) => row % 3 !== trial % 3;
    const found = grid.nearest(x, y, radius, allowed);
    let least = radius;
    for (let row = 0; row < 3000; row++) if (allowed(row)) least = Math.min(least, distance(row, x, y));
    if (found < 0) expect(least).toBe(radius);
    else {
      expect(allowed(found)).toBe(true);
      expect(distance(found, x, y)).toBeCloseTo(least, 6);
    }
  }
});

test("a lasso holds exactly what testing every point would find, whatever its shape", () => {
  const random = seeded(3);
  const flat = points(4000, random);
  const grid = new Grid(flat);
  let found = 0;
  for (let trial = 0; trial < 200; trial++) {
    // Corners anywhere, outside too: edges cross each other and the border. In some only a few cells wide.
    const [size, corners] = [trial % 4 === 0 ? 3_000 : 90_000, 3 + Math.floor(random() * 40)];
    const [left, bottom] = size < 65_536 ? [19_000, 19_000] : [-12_000, -12_000];
    const whole = trial % 2 ? Math.round : (value: number) => value;
    const polygon = Array.from({ length: 2 * corners }, (_, i) => whole((i % 2 ? bottom : left) + random() * size));
    const rows = [...rowsInPolygon(grid, polygon, everyRow)];
    expect(rows).toEqual(brute(flat, polygon));
    found += rows.length;
  }
  expect(found).toBeGreaterThan(100_000);
});

test("a polygon that winds twice around a point leaves it out: even-odd", () => {
  const grid = new Grid(Uint16Array.of(30_000, 30_000, 49_000, 30_000));
  const square = (r: number) => [-r, -r, r, -r, r, r, -r, r].map((d) => 30_000 + d);
  const twice = [...square(20_000), ...square(15_000)];
  expect([...rowsInPolygon(grid, square(20_000), everyRow)]).toEqual([0, 1]);
  expect([...rowsInPolygon(grid, twice, everyRow)]).toEqual(brute(grid.flat, twice));
  expect([...rowsInPolygon(grid, twice, everyRow)]).toEqual([1]);
});

test("hidden rows are left out, and a polygon without area or corners holds nothing", () => {
  const grid = new Grid(Uint16Array.of(100, 100, 200, 200, 65_535, 65_535));
  const all = [-1, -1, 70_000, -1, 70_000, 70_000, -1, 70_000];
  expect([...rowsInPolygon(grid, all, everyRow)]).toEqual([0, 1, 2]);
  expect([...rowsInPolygon(grid, all, (row) => row !== 1)]).toEqual([0, 2]);
  for (const nothing of [[], [100, 100], [100, 100, 200, 200]])
    expect([...rowsInPolygon(grid, nothing, everyRow)]).toEqual([]);
});
