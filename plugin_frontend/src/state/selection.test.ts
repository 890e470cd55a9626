import { beforeEach, expect, test } from "vitest";
import { formatCorners } from "../data/compact_ids.ts";
import * as selection from "./selection.ts";

const ids = () => [...selection.selection.value.ids];
const lasso = { run: "a:b", tag: "val/x y", step: -3, corners: [0, 0, 10, 0, 10, 20] };

beforeEach(selection.clearSelection);

test("ids are kept in order, each once, and 0 is none", () => {
  selection.select([9, 3, 3, 0, 2 ** 53 - 1]);
  expect(ids()).toEqual([3, 9, 2 ** 53 - 1]);
  selection.extendSelection([4, 9]);
  selection.reduceSelection([3]);
  expect(ids()).toEqual([4, 9, 2 ** 53 - 1]);
  expect([4, 3].map(selection.isSelected)).toEqual([true, false]);
});

test("a lasso from elsewhere shows its rows alone; a sample that is picked keeps the others in sight", () => {
  selection.toggleSelected(5);
  expect(selection.passesSelection(6)).toBe(true);
  selection.select([5]);
  expect([5, 6].map(selection.passesSelection)).toEqual([true, false]);
  selection.toggleSelected(6); // among those that are shown alone
  expect([5, 6, 7].map(selection.passesSelection)).toEqual([true, true, false]);
  selection.clearSelection();
  expect(selection.passesSelection(7)).toBe(true);
});

test("a lasso is all that its link needs, and any change of it makes it a list", () => {
  selection.select([1, 2], lasso);
  const text = selection.formatSelection() as string;
  expect(selection.parseSelection(text)).toEqual({ ids: new Float64Array(0), lasso, pending: true });
  selection.extendSelection([3]);
  expect(selection.formatSelection()).toMatch(/^ids:/);
  expect(selection.parseSelection(selection.formatSelection() as string)?.ids).toEqual(Float64Array.of(1, 2, 3));
});

test("rows of a lasso from a link come later, unless something else was selected meanwhile", () => {
  selection.select([1], lasso);
  const parsed = selection.parseSelection(selection.formatSelection() as string);
  selection.selection.value = parsed as selection.Selection;
  const asked = parsed?.lasso as selection.Lasso;
  selection.resolveLasso(asked, [8, 7]);
  expect(ids()).toEqual([7, 8]);
  selection.resolveLasso(asked, [9]);
  expect(ids()).toEqual([7, 8]);
});

test("what is too long for a link is left out of it", () => {
  const random = Array.from({ length: 2000 }, (_, i) => 1 + i * 2 ** 41 + ((i * 7919) % 1000));
  selection.select(random);
  expect([selection.formatSelection(), selection.leftOutOfLink.value]).toEqual([null, true]);
  selection.select(random.slice(0, 500));
  expect(selection.leftOutOfLink.value).toBe(false);
  selection.select(Array.from({ length: 100_000 }, (_, i) => i + 1));
  expect([selection.formatSelection(), selection.leftOutOfLink.value]).toEqual([null, true]);
});

test("nonsense in a link selects nothing", () => {
  const coded = formatCorners(lasso.corners);
  expect(selection.parseSelection(`lasso:1:${coded}:tag:run`)).toBeDefined();
  for (const text of [
    "",
    "ids:",
    "ids:%",
    `lasso:x:${coded}:tag:run`,
    `lasso:1:${coded}:%E0%A4%A:run`,
    "lasso:1:AA:tag:run",
  ])
    expect(selection.parseSelection(text)).toBeUndefined();
});
