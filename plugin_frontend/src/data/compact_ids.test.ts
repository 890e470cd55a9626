import { expect, test } from "vitest";
import { formatCorners, formatIds, parseCorners, parseIds } from "./compact_ids.ts";

test("ids come back as they were, in letters that an address has room for", () => {
  const ids = Float64Array.of(1, 127, 128, 300, 2 ** 32, 2 ** 33 + 1, 2 ** 53 - 1);
  const text = formatIds(ids);
  expect(text).toMatch(/^[\w-]+$/);
  expect(parseIds(text)).toEqual(ids);
  const near = Float64Array.from({ length: 1000 }, (_, i) => 1e15 + 3 * i);
  expect(formatIds(near).length).toBeLessThan(1400);
  expect(parseIds(formatIds(near))).toEqual(near);
});

test("corners come back as they were, negative ones too", () => {
  const corners = [100, 65535, -20, 0, 70000, -5, 1, 1];
  expect(parseCorners(formatCorners(corners))).toEqual(corners);
});

test("what is no list is declined", () => {
  for (const text of ["_____________________", "é", "gA", "AAA!"]) expect(parseIds(text)).toBeUndefined();
  expect(parseIds(formatIds(Float64Array.of(5, 5)))).toBeUndefined(); // twice the same
  expect(parseCorners(formatCorners([1, 2, 3, 4]))).toBeUndefined(); // a line
  expect(parseCorners("A")).toBeUndefined();
});
