import { expect, test } from "vitest";
import type { LabelMap } from "../../data/label_maps.ts";
import { labelAt, labelsAt } from "./nearest.ts";

/** 2 x 3 pixels of three superpixels. */
const map: LabelMap = { height: 2, width: 3, count: 3, labels: Uint16Array.of(0, 0, 1, 2, 1, 1) };

test("every pixel of a canvas has exactly one superpixel, at any resolution", () => {
  expect([...labelsAt(map, 2, 3)]).toEqual([0, 0, 1, 2, 1, 1]);
  const [top, , , bottom] = [0, 1, 2, 3].map((row) => [...labelsAt(map, 4, 6)].slice(6 * row, 6 * row + 6));
  expect(top).toEqual([0, 0, 0, 0, 1, 1]);
  expect(bottom).toEqual([2, 2, 1, 1, 1, 1]);
  expect([...labelsAt(map, 1, 1)]).toEqual([1]); // the centre
});

test("points of the picture find their superpixel, its edges included", () => {
  expect(labelAt(map, 0, 0)).toBe(0);
  expect(labelAt(map, 0.99, 0.01)).toBe(1);
  expect(labelAt(map, 0, 1)).toBe(2);
  expect(labelAt(map, 1, 1)).toBe(1);
  expect(labelAt(map, -1, 2)).toBe(2);
});
