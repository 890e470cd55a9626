import { expect, test } from "vitest";
import { Order } from "./order.ts";
import { MOST_ON_TOP, RowStates } from "./states.ts";
import { HIDDEN, HOVERED, NEIGHBOUR, OUTLINED, SELECTED } from "./types.ts";

function states(n: number, set: Record<number, number> = {}): RowStates {
  const made = new RowStates(n);
  for (const [row, state] of Object.entries(set)) made.given[Number(row)] = state;
  made.update(0, n);
  made.takeTouched();
  return made;
}

test("pointing at a row draws what is on top only; hiding, outlining and the first selected row the whole picture", () => {
  const rows = states(10);
  const change = (row: number, state: number) => {
    rows.given[row] = state;
    return rows.update(row, row + 1);
  };
  expect(change(3, HOVERED)).toBe("top");
  expect(change(3, 0)).toBe("top");
  expect(change(3, 0)).toBeNull();
  expect(change(3, SELECTED)).toBe("picture"); // all others are dimmed now
  expect(change(4, SELECTED)).toBe("top");
  expect(change(4, SELECTED | NEIGHBOUR)).toBe("top");
  expect(change(5, HIDDEN)).toBe("picture");
  expect(change(6, OUTLINED)).toBe("picture");
  expect(change(4, 0)).toBe("top");
  expect(change(3, 0)).toBe("picture");
});

test("hidden rows are neither counted as selected nor on top", () => {
  const rows = states(4, { 0: SELECTED, 1: SELECTED | HIDDEN, 2: HOVERED | HIDDEN, 3: OUTLINED | HIDDEN });
  expect([rows.hidden, rows.selected, rows.outlined]).toEqual([3, 1, 0]);
  expect([...rows.onTop(new Order(4))]).toEqual([0]);
  expect([0, 1, 2, 3].map(rows.isShown)).toEqual([true, false, false, false]);
});

test("what is pointed at lies on its neighbours, and these on what is selected, whatever the order of rows", () => {
  const set = { 2: HOVERED, 3: SELECTED | NEIGHBOUR, 5: SELECTED, 7: NEIGHBOUR, 8: SELECTED };
  const top = [...states(10, set).onTop(new Order(10))];
  expect(top.slice(0, 2).sort()).toEqual([5, 8]);
  expect(top.slice(2, 4).sort()).toEqual([3, 7]);
  expect(top.slice(4)).toEqual([2]);
});

test("a large selection is drawn in a fair order", () => {
  const n = 10_000;
  const rows = new RowStates(n);
  rows.given.fill(SELECTED);
  rows.update(0, n);
  const top = rows.onTop(new Order(n));
  expect(new Set(top).size).toBe(n);
  const ofFirstHalf = top.subarray(0, 500).filter((row) => row < n / 2).length;
  expect(Math.abs(ofFirstHalf - 250)).toBeLessThan(15);
});

test("few changed rows are named, many are not", () => {
  const rows = states(1000);
  rows.given[5] = rows.given[900] = SELECTED;
  rows.update(0, 1000);
  expect(rows.takeTouched()).toEqual([5, 900]);
  expect(rows.takeTouched()).toEqual([]);
  rows.given.fill(NEIGHBOUR);
  rows.update(0, 1000);
  expect(rows.takeTouched()).toBe("all");
});

test("of a great many selected rows a fair sample is on top, and always what is pointed at", () => {
  const n = 1_000_000;
  const of = states(n);
  of.given.fill(SELECTED, n / 2);
  of.given[3] = HOVERED;
  of.update(0, n);
  const top = of.onTop(new Order(n));
  expect(top.length).toBe(MOST_ON_TOP + 1);
  expect(top.at(-1)).toBe(3);
  const sample = top.subarray(0, MOST_ON_TOP);
  expect(new Set(sample).size).toBe(MOST_ON_TOP);
  expect(Math.min(...sample.subarray(0, 10_000))).toBeGreaterThanOrEqual(n / 2);
  const middle = sample.filter((row) => row < 0.75 * n).length / MOST_ON_TOP;
  expect(middle).toBeGreaterThan(0.48);
  expect(middle).toBeLessThan(0.52);
  expect(of.selected).toBe(n / 2);
});
