import { expect, test } from "vitest";
import type { LabelMap } from "../../data/label_maps.ts";
import { labelAt, spread } from "./spread.ts";

/** 2 x 3 pixels of three superpixels. */
const map: LabelMap = { height: 2, width: 3, count: 3, labels: Uint16Array.of(0, 0, 1, 2, 1, 1) };
const weights = Float32Array.of(-0.5, 0.25, 4);

test("every pixel has exactly its superpixel's weight, at any resolution", () => {
  expect([...spread(map, weights, 2, 3)]).toEqual([-0.5, -0.5, 0.25, 4, 0.25, 0.25]);
  const [top, , , bottom] = [0, 1, 2, 3].map((row) => [...spread(map, weights, 4, 6)].slice(6 * row, 6 * row + 6));
  expect(top).toEqual([-0.5, -0.5, -0.5, -0.5, 0.25, 0.25]);
  expect(bottom).toEqual([4, 4, 0.25, 0.25, 0.25, 0.25]);
  expect([...spread(map, weights, 1, 1)]).toEqual([0.25]); // the centre
});

test("a superpixel without a weight counts 0", () => {
  expect([...spread(map, weights.slice(0, 2), 2, 3)][3]).toBe(0);
});

test("points of the picture find their label, its edges included", () => {
  expect(labelAt(map, 0, 0)).toBe(0);
  expect(labelAt(map, 0.99, 0.01)).toBe(1);
  expect(labelAt(map, 0, 1)).toBe(2);
  expect(labelAt(map, 1, 1)).toBe(1);
  expect(labelAt(map, -1, 2)).toBe(2);
});
