import { expect, test } from "vitest";
import { interfering, pairKey, pairsWith, relatedSuperpixels, relationOf } from "./relations.ts";

const pair = (first: number, second: number, correlation: number) => ({
  first,
  second,
  correlation,
  error: undefined,
  joint: 0,
});
const pairs = [pair(3, 1, 0.5), pair(1, 2, -0.2), pair(0, 2, 0.1)];

test("a pair is the same either way round", () => {
  expect(pairKey(3, 1)).toBe(pairKey(1, 3));
  expect(pairKey(1, 11)).not.toBe(pairKey(11, 11));
});

test("partners keep their rank among all pairs", () => {
  expect(pairsWith(pairs, null).map(({ rank }) => rank)).toEqual([1, 2, 3]);
  expect(pairsWith(pairs, 2).map(({ rank, first }) => [rank, first])).toEqual([
    [2, 1],
    [3, 0],
  ]);
  expect(pairsWith(pairs, 9)).toEqual([]);
});

test("the sign of the correlation says whether both are needed or either will do", () => {
  expect(pairs.map(relationOf)).toEqual(["together", "substitute", "together"]);
});

test("related superpixels come by what the score loses without them", () => {
  expect(relatedSuperpixels(pairs, Float32Array.of(0.1, -0.4, 0.1, 0.2))).toEqual([1, 3, 0, 2]);
});

test("superpixels interfere when the score rises by more than 0.02 without them", () => {
  expect(interfering(Float32Array.of(-0.0199, 0.5, -0.021, -0.3, 0))).toEqual([3, 2]);
});
