import { expect, test } from "vitest";
import type { SeriesSteps } from "../data/answers.ts";
import { entriesAt, lastNotAbove, unionOfSteps } from "./alignment.ts";

const series = (...steps: number[]): SeriesSteps => ({
  tag: "t",
  kind: "HEATMAPS",
  steps,
  wall_times: steps.map((_, i) => 1000 + i),
  counts: steps.map(() => 1),
  keys: steps.map((step, i) => `${step}#${i}`),
});

test("the union has every step once, as numbers in order", () => {
  expect(unionOfSteps([series(0, 10, 100), series(9, 10, 10), series(-5)])).toEqual([-5, 0, 9, 10, 100]);
});

test("an exact step gives all its records and no others, the latest time counts", () => {
  const logged = series(10, 20, 20, 20, 30);
  expect(entriesAt(logged, 20)).toEqual({ step: 20, wallTime: 1003, keys: ["20#1", "20#2", "20#3"] });
  expect(entriesAt(logged, 10)?.keys).toEqual(["10#0"]);
  expect(entriesAt(logged, 30)?.keys).toEqual(["30#4"]);
});

test("else the nearest earlier one, else the nearest later one", () => {
  const logged = series(10, 20, 20, 30);
  expect(entriesAt(logged, 29)?.keys).toEqual(["20#1", "20#2"]);
  expect(entriesAt(logged, 1e9)?.step).toBe(30);
  expect(entriesAt(logged, -3)).toMatchObject({ step: 10, keys: ["10#0"] });
  expect(entriesAt(series(), 0)).toBeNull();
});

test("lastNotAbove agrees with a search from the end", () => {
  const numbers = [1, 1, 4, 9, 9, 9, 12];
  for (let value = 0; value <= 13; value++)
    expect(lastNotAbove(numbers, value)).toBe(numbers.findLastIndex((number) => number <= value));
});

test("steps that are too large for halves between them have their records, too", () => {
  const steps = [-(2 ** 63), 0, 1.7e18, 1.7e18, 2 ** 63];
  const listed = {
    tag: "t",
    kind: "HEATMAPS",
    steps,
    wall_times: [1, 2, 3, 4, 5],
    counts: [1, 1, 1, 1, 1],
    keys: [..."abcde"],
  };
  expect(steps.map((step) => entriesAt(listed, step)?.keys.join(""))).toEqual(["a", "b", "cd", "cd", "e"]);
});
