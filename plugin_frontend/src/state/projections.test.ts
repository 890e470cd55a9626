import { beforeEach, expect, test } from "vitest";
import * as projections from "./projections.ts";

const shown = () => [0, 1, 2].map((code) => projections.isShown(code));

beforeEach(projections.clearPair);

test("a category is shown alone, then all again; others are hidden and shown one by one", () => {
  projections.isolate(1);
  expect(shown()).toEqual([false, true, false]);
  projections.toggleShown(2);
  expect(shown()).toEqual([false, true, true]);
  projections.isolate(2);
  projections.isolate(2);
  expect(projections.shownCategories.value).toBe(projections.ALL);
  projections.toggleShown(0);
  expect(shown()).toEqual([false, true, true]);
});

test("a pair of classes is shown alone and coloured by class; another colouring ends that", () => {
  projections.togglePair({ first: 0, second: 2 });
  expect(shown()).toEqual([true, false, true]);
  expect(projections.colouringChoice.value).toBe("label");
  projections.setColouring("outcome"); // whose codes mean something else
  expect([shown(), projections.chosenPair.value]).toEqual([[true, true, true], null]);
});

test("choices survive the link, and nonsense is declined", () => {
  const some: projections.Shown = { mode: "without", codes: new Set([3, 777]) };
  expect(projections.parseShown(projections.formatShown(some))).toEqual(some);
  expect(projections.parseShown("only:")).toEqual({ mode: "only", codes: new Set() });
  for (const text of ["", "only", "only:x", "with:1", "only:1,"]) expect(projections.parseShown(text)).toBeUndefined();
  const camera = { x: 0.25, y: -1, zoom: 12.5, yaw: 0, pitch: 0 };
  expect(projections.parseCamera(projections.formatCamera(camera))).toEqual(camera);
  for (const text of ["", "1,2", "1,2,0", "1,2,x", "1,,3"]) expect(projections.parseCamera(text)).toBeUndefined();
  expect(projections.parsePinned("12:a:b")).toEqual({ id: 12, run: "a:b" });
  expect(projections.parsePinned(`${2 ** 60}:a`)).toBeUndefined();
  expect(projections.parsePair("3,14")).toEqual({ first: 3, second: 14 });
  expect(projections.parseColouring("column:age")).toBe("column:age");
  expect(projections.parseColouring("column:")).toBeUndefined();
});
