import { expect, test } from "vitest";
import { currentOf, layoutOf } from "./layout.ts";
import { evenly, loneOf, nearestTo, pathOf, runsOf, spread } from "./lines.ts";
import { extentOf, ticks, tickTexts } from "./scale.ts";

const place = (at: number, value: number) => ({ x: 10 * at, y: value });

test("a value that is not known interrupts the line, and one alone is a dot", () => {
  const runs = runsOf([1, 2, undefined, 3, Number.NaN, 4, 5], place);
  expect(runs.map((run) => run.map(({ x }) => x))).toEqual([[0, 10], [30], [50, 60]]);
  expect(pathOf(runs)).toBe("M0 1L10 2M50 4L60 5");
  expect(loneOf(runs)).toEqual([{ x: 30, y: 3 }]);
  expect(pathOf(runsOf([1], place))).toBe("");
});

test("the nearest of unevenly logged steps", () => {
  const steps = [0, 10, 11, 500];
  expect([-5, 4, 6, 10.4, 10.6, 255, 256, 9000].map((x) => steps[nearestTo(steps, x)])).toEqual([
    0, 0, 10, 10, 11, 11, 500, 500,
  ]);
  expect(nearestTo([], 3)).toBe(-1);
  expect(nearestTo([7], 3)).toBe(0);
});

test("labels stay where they want to be while there is room", () => {
  expect(spread([50, 10, 90], 14, 0, 100)).toEqual([50, 10, 90]);
});

test("labels that want the same place lie around it, within the bounds, in order", () => {
  expect(spread([50, 50, 50], 14, 0, 100)).toEqual([36, 50, 64]);
  expect(spread([0, 1, 2], 14, 0, 100)).toEqual([0, 14, 28]);
  expect(spread([99, 100], 14, 0, 100)).toEqual([86, 100]);
  const placed = spread([40, 41, 60, 62, 63, 39], 12, 0, 100) as number[];
  const sorted = [...placed].sort((a, b) => a - b);
  sorted.slice(1).forEach((y, i) => {
    expect(y - (sorted[i] as number)).toBeGreaterThanOrEqual(12 - 1e-9);
  });
  expect(placed.map((y) => sorted.indexOf(y))).toEqual([1, 2, 3, 4, 5, 0]);
});

test("labels without room are given up", () => {
  expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9], 14, 0, 100)).toBeNull();
});

test("ticks are round, few, and inside the range", () => {
  expect(ticks({ low: 0, high: 1 }, 3)).toEqual([0, 0.5, 1]);
  expect(ticks({ low: 0, high: 1 }, 6)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks({ low: -0.13, high: 0.32 }, 4)).toEqual([0, 0.2]);
  expect(ticks({ low: 3, high: 3 }, 4)).toEqual([3]);
  expect(ticks({ low: 0, high: 3 }, 9, 1)).toEqual([0, 1, 2, 3]); // steps are whole
  for (const [low, high] of [
    [0, 200],
    [-7, 12345],
    [1e-9, 2e-9],
    [4e6, 4e6 + 3],
  ] as const) {
    const found = ticks({ low, high }, 5);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThanOrEqual(5);
    expect(found.every((tick) => tick >= low - 1e-12 && tick <= high)).toBe(true);
  }
});

test("ticks are written as long as they must be to differ", () => {
  expect(tickTexts([0, 0.5, 1])).toEqual(["0", "0.5", "1.0"]);
  expect(tickTexts([0, 200, 400])).toEqual(["0", "200", "400"]);
  expect(tickTexts([-5, 0, 5])).toEqual(["−5", "0", "5"]);
  expect(tickTexts([0, 5000])).toEqual(["0", "5000"]);
  expect(tickTexts([0, 5000, 10000])).toEqual(["0", "5k", "10k"]);
  expect(tickTexts([10000, 10500, 11000])).toEqual(["10.0k", "10.5k", "11.0k"]);
  expect(new Set(tickTexts([4000000, 4000001, 4000002])).size).toBe(3);
  expect(tickTexts([7])).toEqual(["7"]);
});

test("the extent of nothing is none, and of equal values has room", () => {
  expect(extentOf([undefined, Number.NaN])).toBeNull();
  expect(extentOf([2, undefined, -1])).toEqual({ low: -1, high: 2 });
  const equal = extentOf([5, 5]);
  expect(equal && equal.low < 5 && equal.high > 5).toBe(true);
  expect(extentOf([0])).toEqual({ low: -1, high: 1 });
});

test("evenly chosen steps keep both ends", () => {
  expect(evenly(5, 12)).toEqual([0, 1, 2, 3, 4]);
  expect(evenly(0, 12)).toEqual([]);
  expect(evenly(1, 12)).toEqual([0]);
  const twelve = evenly(200, 12);
  expect(twelve).toHaveLength(12);
  expect([twelve[0], twelve.at(-1)]).toEqual([0, 199]);
  expect(new Set(twelve).size).toBe(12);
});

const looks = { range: { low: 0, high: 1 }, span: undefined, compact: false, named: true, marked: false };
const line = (count: number) => ({ name: "cat", values: new Array<number>(count).fill(0.5) });

test("few steps are named themselves, many by round numbers", () => {
  const few = layoutOf([3, 40, 77], [line(3)], { width: 800, height: 200 }, looks);
  expect(few?.stepTicks.map(({ text }) => text)).toEqual(["3", "40", "77"]);
  const steps = Array.from({ length: 200 }, (_, i) => 7 * i);
  const many = layoutOf(steps, [line(200)], { width: 800, height: 200 }, looks);
  expect(many?.stepTicks.map(({ text }) => text)).toEqual(["0", "200", "400", "600", "800", "1000", "1200"]);
});

test("charts of one span put the same step at the same place, and the pointer finds it again", () => {
  const size = { width: 300, height: 60 };
  const whole = layoutOf([0, 50, 100], [line(3)], size, { ...looks, compact: true });
  const part = layoutOf([50], [line(1)], size, { ...looks, compact: true, span: { low: 0, high: 100 } });
  expect(part?.x(50)).toBe(whole?.x(50));
  expect(part?.stepAt(part.x(50))).toBeCloseTo(50);
});

test("the current step is the nearest not above, else the first", () => {
  expect([-1, 0, 9, 10, 14, 99].map((step) => currentOf([0, 10, 20], step))).toEqual([0, 0, 0, 1, 1, 2]);
  expect(currentOf([5], 0)).toBe(0);
  expect(currentOf([], 3)).toBe(-1);
  expect(currentOf([1], null)).toBe(-1);
});
