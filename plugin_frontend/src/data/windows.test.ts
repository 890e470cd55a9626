import { expect, test } from "vitest";
import { gridWindows, nearestWindow, neighbourWindow, overlap } from "./windows.ts";

const grid = gridWindows(4, 6, Float32Array.of(0, 3, 6), Float32Array.of(0, 5, 10, 14));
const corner = (i: number) => [grid.tops[i], grid.lefts[i]];

test("a grid is listed row by row", () => {
  expect(grid.tops).toHaveLength(12);
  expect([0, 3, 4, 11].map(corner)).toEqual([
    [0, 0],
    [0, 14],
    [3, 0],
    [6, 14],
  ]);
});

test("a point means the window whose centre is closest to it", () => {
  expect(corner(nearestWindow(grid, 5, 8))).toEqual([3, 5]);
  expect(corner(nearestWindow(grid, -50, 500))).toEqual([0, 14]);
  expect(nearestWindow(gridWindows(1, 1, new Float32Array(), new Float32Array()), 0, 0)).toBe(-1);
});

test("arrow keys go from window to window and stop at the edge", () => {
  const middle = 5;
  expect(corner(neighbourWindow(grid, middle, -1, 0))).toEqual([0, 5]);
  expect(corner(neighbourWindow(grid, middle, 1, 0))).toEqual([6, 5]);
  expect(corner(neighbourWindow(grid, middle, 0, 1))).toEqual([3, 10]);
  expect(neighbourWindow(grid, 0, -1, 0)).toBe(0);
  expect(neighbourWindow(grid, 0, 0, -1)).toBe(0);
});

test("arrow keys also find their way among scattered windows", () => {
  const scattered = { height: 2, width: 2, tops: Float32Array.of(0, 1, 9, 0), lefts: Float32Array.of(0, 4, 2, 8) };
  expect(neighbourWindow(scattered, 0, 0, 1)).toBe(3); // in the same row, though farther away
  expect(neighbourWindow(scattered, 0, 1, 0)).toBe(2); // the least sideways
});

test("windows that touch do not overlap", () => {
  expect(overlap(grid, 0, grid, 1)).toBe(true);
  expect(overlap(grid, 0, grid, 2)).toBe(false);
  const touching = gridWindows(4, 5, Float32Array.of(0, 4), Float32Array.of(0));
  expect(overlap(touching, 0, touching, 1)).toBe(false);
});
