import { expect, test } from "vitest";
import { Better } from "../records/explain_pb.ts";
import { ERROR_RATIO, ERRORS } from "./errors.ts";
import type { Figure } from "./explained.ts";
import { figureLabel, figureOrder, figureScale, figureSentence, figureText, noBetterThanRandom } from "./figures.ts";

const figure = (change: Partial<Figure>): Figure => ({
  name: "insertion",
  value: 0.5,
  random: 0.4,
  centred: undefined,
  better: Better.HIGHER,
  ...change,
});

test("no better than random, in either direction, a tie included", () => {
  expect(noBetterThanRandom(figure({}))).toBe(false);
  expect(noBetterThanRandom(figure({ value: 0.4 }))).toBe(true);
  expect(noBetterThanRandom(figure({ value: 0.3 }))).toBe(true);
  expect(noBetterThanRandom(figure({ better: Better.LOWER }))).toBe(true);
  expect(noBetterThanRandom(figure({ better: Better.LOWER, value: 0.3 }))).toBe(false);
});

test("without direction or baseline there is no verdict", () => {
  expect(noBetterThanRandom(figure({ better: Better.NEITHER }))).toBeUndefined();
  expect(noBetterThanRandom(figure({ random: undefined }))).toBeUndefined();
});

test("known names are put in words, unknown ones are shown as they are and come last", () => {
  expect(figureLabel("average_drop")).toBe("Average drop");
  expect(figureLabel("my_figure")).toBe("my_figure");
  expect(figureSentence(figure({ name: "deletion", better: Better.LOWER }))).toMatch(/removed.*Lower is better\.$/);
  expect(figureSentence(figure({ name: "my_figure", better: Better.NEITHER }))).toBe("");
  expect(figureOrder(["z", "sparseness", "deletion", "a", "insertion", "deletion"])).toEqual([
    "insertion",
    "deletion",
    "sparseness",
    "z",
    "a",
  ]);
});

test("numbers are short, units are named, an unknown one is no zero", () => {
  expect(figureText("insertion", 0.8761)).toBe("0.88");
  expect(figureText("road", -0.125)).toMatch(/^−0\.1[23]$/);
  expect(figureText("completeness", 0.0024)).toBe("0.002");
  expect(figureText("completeness", -3.2e-8)).toBe("−3e−8");
  expect(figureText("completeness", 0)).toBe("0.00");
  expect(figureText("drift_pixels", 3.14)).toBe("3.1 px");
  expect(figureText("insertion", undefined)).toBe("–");
});

test("bars reach from 0 to 1 unless the numbers go beyond", () => {
  expect(figureScale(figure({}))).toEqual({ low: 0, high: 1 });
  expect(figureScale(figure({ value: -0.2, centred: 14 }))).toEqual({ low: -0.2, high: 14 });
  expect(figureScale(figure({ name: "drift_pixels", value: 3, random: undefined }))).toBeNull(); // of what length?
});

test("errors of reconstructions have short names, no bar, and no more digits than they are good for", () => {
  const error = figure({ name: ERRORS[3], value: 1234.56, random: undefined });
  expect(figureLabel(error.name)).toBe("E4 input – class reconstruction");
  expect(figureLabel(ERROR_RATIO)).toBe("E4 / E1");
  expect(figureScale(error)).toBeNull();
  expect(figureText(error.name, error.value)).toBe("1\u202f235");
  expect(figureText(ERROR_RATIO, 1.8349)).toBe("1.83");
  expect(figureOrder([ERRORS[3], ERRORS[0], ERROR_RATIO])).toEqual([ERROR_RATIO, ERRORS[0], ERRORS[3]]);
});
