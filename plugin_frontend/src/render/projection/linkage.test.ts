import { expect, test } from "vitest";
import { linkageOrder } from "./linkage.ts";

const matrix = (points: number[]) => Float32Array.from(points.flatMap((a) => points.map((b) => Math.abs(a - b))));

test("things on a line come in the order of the line", () => {
  const points = [5, 1, 9, 1.5, 8.5, 5.4, 0.2];
  const order = linkageOrder(matrix(points), points.length).map((i) => points[i] as number);
  const ascending = [...points].sort((a, b) => a - b);
  expect([ascending, ascending.toReversed()]).toContainEqual(order);
});

test("groups stay together, and each thing appears once", () => {
  const points = Array.from({ length: 300 }, (_, i) => 100 * (i % 3) + ((i * 37) % 50));
  const order = linkageOrder(matrix(points), points.length);
  expect([...order].sort((a, b) => a - b)).toEqual(points.map((_, i) => i));
  const changes = order.filter((i, at) => at > 0 && i % 3 !== (order[at - 1] as number) % 3);
  expect(changes).toHaveLength(2);
});

test("one, none, equal distances, and what is no number", () => {
  expect(linkageOrder([], 0)).toEqual([]);
  expect(linkageOrder([0], 1)).toEqual([0]);
  expect(linkageOrder(new Float32Array(16), 4).toSorted()).toEqual([0, 1, 2, 3]);
  expect(linkageOrder(new Float32Array(9).fill(Number.NaN), 3).toSorted()).toEqual([0, 1, 2]);
});
