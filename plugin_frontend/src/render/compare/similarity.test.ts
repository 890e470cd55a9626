import { expect, test } from "vitest";
import { spearman } from "./similarity.ts";

const of = (a: number[], b: number[]) => spearman(Float32Array.from(a), Float32Array.from(b));

test("without ties it is 1 - 6 Σd² / n(n² - 1), whatever the values", () => {
  // ranks 1 2 3 4 5 against 2 1 4 3 5: Σd² = 4
  expect(of([1, 2, 3, 4, 5], [20, 10, 400, 30, 500])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
  // ranks 1 2 3 4 against 3 1 4 2: Σd² = 4 + 1 + 1 + 4
  expect(of([-3, -2, -1, 0], [7, 5, 8, 6])).toBeCloseTo(1 - 60 / 60, 12);
  expect(of([0.1, 0.2, 0.9], [1, 10, 1e6])).toBe(1);
  expect(of([0.1, 0.2, 0.9], [3, 2, -50])).toBe(-1);
});

test("equal values share their mean rank", () => {
  // ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: Σxy = 4.5, Σx² = 4.5, Σy² = 5 about the mean
  expect(of([1, 5, 5, 9], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  // ranks 2, 2, 2, 4 against 2.5, 2.5, 2.5, 2.5 + ...: three zeros and a one against two and two
  expect(of([0, 0, 0, 1], [0, 0, 1, 1])).toBeCloseTo(1 / Math.sqrt(3), 12);
});

test("a map without ranks is like none", () => {
  expect(of([1, 1, 1], [1, 2, 3])).toBeUndefined();
  expect(of([1, 2, 3], [0, 0, 0])).toBeUndefined();
  expect(of([1, Number.NaN, 3], [1, 2, 3])).toBeUndefined();
  expect(of([1, 2, 3], [1, Number.POSITIVE_INFINITY, 3])).toBeUndefined();
  expect(of([], [])).toBeUndefined();
});

test("many values of few levels agree with the definition", () => {
  const random = (seed: number) =>
    Float32Array.from({ length: 500 }, (_, i) => Math.floor((((i + 3) * seed) % 997) / 100));
  const [a, b] = [random(7919), random(104729)];
  const ranks = (values: Float32Array) =>
    Array.from(values, (v) => {
      const below = values.filter((other) => other < v).length;
      const equal = values.filter((other) => other === v).length;
      return below + (equal + 1) / 2;
    });
  const [x, y] = [ranks(a), ranks(b)];
  const mean = 501 / 2;
  const sum = (of: (i: number) => number) => x.reduce((total, _, i) => total + of(i), 0);
  const pearson =
    sum((i) => ((x[i] ?? 0) - mean) * ((y[i] ?? 0) - mean)) /
    Math.sqrt(sum((i) => ((x[i] ?? 0) - mean) ** 2) * sum((i) => ((y[i] ?? 0) - mean) ** 2));
  expect(spearman(a, b)).toBeCloseTo(pearson, 10);
});
