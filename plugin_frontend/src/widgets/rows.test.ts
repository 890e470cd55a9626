import { expect, test } from "vitest";
import { rowsInView } from "./rows.ts";

test("only the rows on screen and a few beyond are there, however many there are", () => {
  expect(rowsInView(0, 300, 100, 1000, 2)).toEqual({ first: 0, end: 5 });
  expect(rowsInView(5050, 300, 100, 1000, 2)).toEqual({ first: 48, end: 56 });
  expect(rowsInView(99_700, 300, 100, 1000, 2)).toEqual({ first: 995, end: 1000 });
});

test("with fewer rows than the place that was scrolled to there are none", () => {
  expect(rowsInView(5000, 300, 100, 3, 2)).toEqual({ first: 3, end: 3 });
  expect(rowsInView(0, 300, 100, 0, 2)).toEqual({ first: 0, end: 0 });
});
