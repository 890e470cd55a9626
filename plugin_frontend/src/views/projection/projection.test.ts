// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { categoryColour } from "../../render/categories/colours.ts";
import { paintMatrix } from "../../render/projection/matrix.ts";
import { outcomes } from "../../state/projection_colours.ts";
import type { Points } from "../../state/projection_frame.ts";
import { joined } from "../../state/projection_frame.ts";
import { placesFor } from "./plot.ts";

const points = (ids: number[], xs: number[], scale: number, hash: string): Points =>
  ({
    ids: new Uint32Array(BigUint64Array.from(ids, BigInt).buffer),
    positions: Uint16Array.from(xs.flatMap((x) => [x, 0])),
    header: { rows: ids.length, dims: 2, ids: { hash }, positions: { scale, offset: -1 } },
  }) as unknown as Points;

test("rows move from where they were: those of equal ids as they are, others are looked up", () => {
  const before = points([5, 6], [10, 20], 1, "a");
  const same = joined(before, points([5, 6], [30, 40], 2, "a"));
  expect(same).toEqual({ stored: before.positions, scale: 1, offset: -1 });
  const other = joined(before, points([6, 7, 5], [40, 50, 60], 2, "b"));
  expect(other).toMatchObject({ scale: 2, offset: -1 });
  expect([0, 2, 4].map((i) => other?.stored[i])).toEqual([10, 50, 5]); // 7 is new: it stays
});

test("panels are as large as they can be, and below the names of their runs", () => {
  expect(placesFor(1, 700, 500)).toEqual([{ x: 0, y: 0, width: 700, height: 500 }]);
  expect(placesFor(2, 800, 500).map(({ x, y, width }) => [x, y, width])).toEqual([
    [0, 26, 400],
    [400, 26, 400],
  ]);
  expect(placesFor(2, 400, 900).map(({ x, y }) => [x, y])).toEqual([
    [0, 26],
    [0, 476],
  ]);
  expect(placesFor(4, 800, 800).map(({ x, y, height }) => [x, y, height])).toEqual([
    [0, 26, 374],
    [400, 26, 374],
    [0, 426, 374],
    [400, 426, 374],
  ]);
});

test("a prediction is right, wrong or neither", () => {
  expect([...outcomes(Uint16Array.of(1, 1, 65535, 2), Uint16Array.of(1, 0, 1, 65535))]).toEqual([0, 1, 2, 2]);
});

test("a matrix is painted in its order, over the values off the diagonal", () => {
  const lut = Uint32Array.from({ length: 256 }, (_, i) => i + 1);
  const values = Float32Array.of(100, 2, 3, 4, 100, 6, 7, Number.NaN, 100);
  const pixels = new Uint32Array(9);
  paintMatrix(pixels, values, [2, 0, 1], lut, false);
  expect([...pixels]).toEqual([0, 256, 0, 52, 0, 1, 205, 103, 0]);
});

test("up to eight categories have colours that differ to the colour-blind, and a thousand have some", () => {
  const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  for (const [i, theirs] of ["#0072b2", "#e69f00", "#009e73", "#d55e00"].entries())
    for (const [c, level] of channels(theirs).entries())
      expect(Math.abs((channels(categoryColour(i))[c] as number) - level)).toBeLessThan(3);
  expect(new Set(Array.from({ length: 1000 }, (_, i) => categoryColour(i))).size).toBeGreaterThan(700);
});
