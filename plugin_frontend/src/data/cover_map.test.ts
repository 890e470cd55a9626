import { expect, test } from "vitest";
import { coverMap } from "./cover_map.ts";
import { gridWindows, type Windows } from "./windows.ts";

/** Reproducible numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** The definition, pixel by pixel and window by window. */
function direct(windows: Windows, values: ArrayLike<number>, height: number, width: number): number[] {
  return Array.from({ length: height * width }, (_, u) => {
    const y = Math.floor(u / width);
    const x = u % width;
    let sum = 0;
    let covering = 0;
    windows.tops.forEach((top, i) => {
      const left = windows.lefts[i] ?? 0;
      if (y < top || y >= top + windows.height || x < left || x >= left + windows.width) return;
      sum += values[i] ?? 0;
      covering++;
    });
    return covering ? sum / covering : 0;
  });
}

function expectClose(found: Float32Array, expected: number[]): void {
  expect(found).toHaveLength(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))));
  expect(worst).toBeLessThan(1e-6);
}

const starts = (length: number, size: number, stride: number) => {
  const found = Array.from({ length: Math.floor((length - size) / stride) + 1 }, (_, i) => i * stride);
  if (found.at(-1) !== length - size) found.push(length - size);
  return Float32Array.from(found);
};

test.each([
  [37, 52, 5, 5, 2],
  [24, 24, 7, 11, 3],
  [30, 20, 30, 20, 1],
  [9, 9, 1, 1, 1],
])("on %i x %i pixels, windows of %i x %i every %i: the mean over those that cover a pixel", (...sizes) => {
  const [height, width, h, w, stride] = sizes;
  const windows = gridWindows(h, w, starts(height, h, stride), starts(width, w, stride));
  const next = random(height * w);
  const values = Float32Array.from(windows.tops, () => next() - 0.5);
  const found = coverMap(windows, values, height, width, height, width);
  expectClose(found, direct(windows, values, height, width));
  expect(found.some((value) => value < 0)).toBe(true); // signed
});

test("windows anywhere, also across the border, leave what none of them covers at zero", () => {
  const next = random(7);
  const windows: Windows = {
    height: 6,
    width: 9,
    tops: Float32Array.from({ length: 12 }, () => Math.floor(30 * next()) - 4),
    lefts: Float32Array.from({ length: 12 }, () => Math.floor(40 * next()) - 4),
  };
  const values = Float32Array.from(windows.tops, () => next() - 0.5);
  const expected = direct(windows, values, 30, 40);
  const found = coverMap(windows, values, 30, 40, 30, 40);
  expectClose(found, expected);
  expect(expected.filter((value) => value === 0).length).toBeGreaterThan(100);
  for (const [u, value] of expected.entries()) if (value === 0) expect(found[u]).toBe(0);
});

test("a coarser raster shows the pixels under its centres", () => {
  const windows = gridWindows(5, 5, starts(20, 5, 3), starts(28, 5, 3));
  const values = Float32Array.from(windows.tops, (_, i) => Math.sin(i));
  const fine = coverMap(windows, values, 20, 28, 20, 28);
  const coarse = coverMap(windows, values, 20, 28, 4, 4);
  const picked = [2, 7, 12, 17].flatMap((y) => [3, 10, 17, 24].map((x) => fine[y * 28 + x] ?? 0));
  expectClose(coarse, picked);
});

test("a window of unknown value counts as absent", () => {
  const windows: Windows = { height: 2, width: 2, tops: Float32Array.of(0, 0), lefts: Float32Array.of(0, 1) };
  expect([...coverMap(windows, [Number.NaN, 3], 2, 3, 2, 3)]).toEqual([0, 3, 3, 0, 3, 3]);
});

test("no windows, no values", () => {
  const none: Windows = { height: 2, width: 2, tops: new Float32Array(), lefts: new Float32Array() };
  expect([...coverMap(none, [], 2, 2, 2, 2)]).toEqual([0, 0, 0, 0]);
});
