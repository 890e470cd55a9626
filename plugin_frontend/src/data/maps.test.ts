import { expect, test } from "vitest";
import { bulkOf, PixelMap } from "./maps.ts";

const noise = Float32Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 10_000) / 10_000);

test("a few extreme pixels do not stretch the range of a map of single pixels", () => {
  const values = noise.slice();
  values.fill(1000, 0, 50);
  const { low, high } = bulkOf(values, false);
  expect(low).toBeLessThan(0.01);
  expect(high).toBeGreaterThan(0.98);
  expect(high).toBeLessThan(1);
});

test("a signed range stays about zero, and within the values", () => {
  const values = noise.map((value, i) => (i % 2 ? value : -0.1 * value));
  values[4] = -50;
  const { low, high } = bulkOf(values, true);
  expect(high).toBeGreaterThan(0.9);
  expect(high).toBeLessThan(1);
  expect(low).toBeCloseTo(-high);
});

test("a map of which next to nothing is lit keeps its range", () => {
  const values = new Float32Array(10_000);
  values[3] = 2;
  expect(bulkOf(values, false)).toEqual({ low: 0, high: 2 });
  expect(bulkOf(values, true)).toEqual({ low: 0, high: 2 });
});

test("coarse maps span all of their values", () => {
  const values = Float32Array.from({ length: 49 }, (_, i) => (i === 7 ? 100 : i / 49));
  const map = new PixelMap("m", 7, 7, 224, 224, false, () => values);
  expect(map.range).toEqual({ low: 0, high: 100 });
  const fine = new PixelMap("m", 100, 100, 224, 224, false, () => noise);
  expect(fine.range.high).toBeLessThan(0.995);
});
