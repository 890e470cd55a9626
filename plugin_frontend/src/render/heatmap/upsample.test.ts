import { describe, expect, test } from "vitest";
import { canvasSize, upsample } from "./upsample.ts";

/** The definition, one pixel at a time. */
function naive(values: number[], rows: number, columns: number, height: number, width: number): number[] {
  const at = (r: number, c: number) =>
    values[Math.min(rows - 1, Math.max(0, r)) * columns + Math.min(columns - 1, Math.max(0, c))] ?? Number.NaN;
  return Array.from({ length: height * width }, (_, i) => {
    const y = ((Math.floor(i / width) + 0.5) * rows) / height - 0.5;
    const x = (((i % width) + 0.5) * columns) / width - 0.5;
    const [r, c] = [Math.floor(y), Math.floor(x)];
    const [v, h] = [y - r, x - c];
    return (
      at(r, c) * (1 - v) * (1 - h) + at(r, c + 1) * (1 - v) * h + at(r + 1, c) * v * (1 - h) + at(r + 1, c + 1) * v * h
    );
  });
}

describe("upsample", () => {
  test.each([
    [3, 5, 12, 7],
    [7, 7, 128, 128],
    [1, 1, 4, 4],
    [4, 1, 9, 3],
    [16, 16, 5, 5],
  ])("%i x %i to %i x %i is bilinear between cell centres", (rows, columns, height, width) => {
    const values = Array.from({ length: rows * columns }, (_, i) => Math.sin(7 * i));
    const expected = naive(values, rows, columns, height, width);
    const found = upsample(Float32Array.from(values), rows, columns, height, width);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))))).toBeLessThan(1e-6);
  });

  test("a ramp doubles to quarters, held at the borders", () => {
    expect(Array.from(upsample(Float32Array.from([0, 1]), 1, 2, 1, 4))).toEqual([0, 0.25, 0.75, 1]);
  });

  test("the own size changes nothing", () => {
    const values = Float32Array.from([3, -1, 4, 1, -5, 9]);
    expect(upsample(values, 2, 3, 2, 3)).toEqual(values);
  });
});

test("the canvas keeps the proportions of the input", () => {
  expect(canvasSize(100, 200, 128)).toEqual({ height: 64, width: 128 });
  expect(canvasSize(8, 8, 128)).toEqual({ height: 128, width: 128 });
  expect(canvasSize(1, 1000, 128)).toEqual({ height: 1, width: 128 });
});
