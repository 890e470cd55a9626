import { expect, test } from "vitest";
import type { Maps } from "../../data/channels.ts";
import { cellsOf, imageMaps, ownRange, peakOf, peaksOf, rangeOfChannel, rangeOfMap, templateAt } from "./maps.ts";

// Two images, three channels.
const RANGES = Float32Array.of(0, 1, -2, 3, 0, 0, 0, 4, 1, 2, 0, 0);

test("ranges of a map, a channel and a layer", () => {
  expect(rangeOfMap(RANGES, 3, 1, 0)).toEqual({ low: 0, high: 4 });
  expect(rangeOfChannel(RANGES, 3, 1)).toEqual({ low: -2, high: 3 });
  const found = imageMaps({} as Maps, 0, new Uint8Array(), RANGES);
  expect(found).toMatchObject({ range: { low: -2, high: 4 }, signed: true });
  expect(Array.from(peaksOf(found, 3))).toEqual([1, 3, 0]);
});

test("the range of its own is that of the map, of a single position that of the channel over all images", () => {
  expect(ownRange([2, 2], RANGES, 3, 1, 0)).toEqual({ low: 0, high: 4 });
  expect(ownRange([1, 1], RANGES, 3, 0, 0)).toEqual({ low: 0, high: 4 });
  expect(ownRange([1, 2], RANGES, 3, 0, 0)).toEqual({ low: 0, high: 1 });
});

test("bytes become values between the ends of the range", () => {
  const stored = Uint8Array.of(9, 9, 9, 9, 0, 51, 255, 102);
  const { rows, columns, values } = cellsOf([2, 2], stored, 1, { low: -1, high: 4 });
  expect([rows, columns, Array.from(values)]).toEqual([2, 2, [-1, 0, 4, 1]]);
});

test("a map in a volume is seen along each axis by its greatest values", () => {
  const [d, h, w] = [2, 1, 3];
  const stored = Uint8Array.of(1, 2, 3, 4, 5, 0); // z 0: 1 2 3, z 1: 4 5 0
  const { rows, columns, values } = cellsOf([d, h, w], stored, 0, { low: 0, high: 255 });
  expect([rows, columns]).toEqual([2, 3 + 2 + 3]);
  expect(Array.from(values)).toEqual([4, 5, 3, 3, 5, 1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 0]);
});

test("the peak of a channel, the first of several", () => {
  const stored = Uint8Array.of(0, 9, 0, 0, 1, 7, 7, 2);
  expect(peakOf([2, 2], stored, 0)).toEqual([0, 1]);
  expect(peakOf([2, 2], stored, 1)).toEqual([0, 1]);
  expect(peakOf([2, 2, 2], Uint8Array.of(0, 0, 0, 0, 0, 0, 3, 0), 0)).toEqual([1, 1, 0]);
});

test("a template is 1 at the peak, falls with the distance, and not below -1", () => {
  // n = 3: with slope 1.5 a step costs one half.
  const template = templateAt([3, 3], [0, 0], 1.5);
  expect(Array.from(template)).toEqual([1, 0.5, 0, 0.5, 0, -0.5, 0, -0.5, -1]);
  expect(Array.from(templateAt([1, 1], [0, 0], 4))).toEqual([1]);
});
