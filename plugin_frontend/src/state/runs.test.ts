import { expect, test } from "vitest";
import { byName } from "./runs.ts";

test.each([
  [["lr=1e-4", "lr=0.001", "lr=0.003", "lr=0.01", "lr=0.1", "lr=2"]],
  [["run2/a", "run2/b", "run10/a"]],
  [["2026-02-09", "2026-11-01", "2026-11-22"]],
  [["a", "a1", "b"]],
  [["", ".", "run"]],
])("numbers in names count by their value: %j", (names) => {
  expect([...names].reverse().sort(byName)).toEqual(names);
  expect([...names].sort(byName)).toEqual(names);
});
