import { expect, test } from "vitest";
import { pointOpacity, pointSize, spreadOf } from "./density.ts";

const AREA = 1000 * 700;

test("more points are smaller and paler, and never vanish", () => {
  const counts = [1, 100, 1_000, 10_000, 100_000, 1_000_000, 100_000_000];
  const sizes = counts.map((count) => pointSize(count, AREA));
  const opacities = counts.map((count, i) => pointOpacity(count, AREA, 0.2, sizes[i] as number));
  for (let i = 1; i < counts.length; i++) {
    expect(sizes[i]).toBeLessThanOrEqual(sizes[i - 1] as number);
    expect(opacities[i]).toBeLessThanOrEqual(opacities[i - 1] as number);
  }
  expect(sizes[2]).toBeGreaterThan(6); // a thousand: discs to point at
  expect(sizes[5]).toBeLessThan(1.2); // a million: dust
  expect(Math.min(...opacities)).toBeGreaterThan(0.05);
});

test("the room that points take is known from their positions", () => {
  const stored = Uint16Array.from({ length: 200 }, (_, i) => (i % 2 ? 60_000 - i : 100 * i));
  const spread = spreadOf(stored, 2);
  expect(spread.bounds).toEqual({ left: 0, right: 19_800, bottom: 59_801, top: 59_999 });
  expect(spread.occupied).toBeCloseTo(20 / 4096);
  expect(spreadOf(new Uint16Array(0), 2)).toEqual({ bounds: null, occupied: 0 });
});
