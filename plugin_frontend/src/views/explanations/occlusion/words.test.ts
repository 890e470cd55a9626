import { expect, test } from "vitest";
import { barLength, dropText, relation, scoreText, sizeNames, sizeText } from "./words.ts";

test("scores are shown in their own unit", () => {
  expect(scoreText("probability", 0.4125)).toBe("41.3%");
  expect(scoreText("log-odds", 0)).toBe("0 (50.0%)");
  expect(scoreText("logit", -3.25)).toBe("−3.25");
  expect(scoreText("probability", Number.NaN)).toBe("not known");
});

test("drops of probability are points, and have no sign when they round to nothing", () => {
  expect(dropText("probability", 0.521)).toBe("52.1 pp");
  expect(dropText("probability", -0.021)).toBe("−2.1 pp");
  expect(dropText("probability", -0.0001)).toBe("0.0 pp");
  expect(dropText("logit", -1.5)).toBe("−1.5");
  expect(dropText("logit", 0)).toBe("0");
});

test("bars of probabilities are probabilities, bars of logits use the range at hand", () => {
  expect(barLength("probability", 0.3, -9, 9)).toBe(0.3);
  expect(barLength("log-odds", 0, -9, 9)).toBe(0.5);
  expect(barLength("logit", 0, -1, 3)).toBe(0.25);
  expect(barLength("logit", 5, 5, 5)).toBe(0);
});

test("the sign of an interaction is put in words, a negligible one is called none", () => {
  expect(relation("probability", 0.3).name).toBe("Needed together");
  expect(relation("probability", -0.3).name).toBe("Substitutes");
  expect(relation("probability", 0.01).name).toBe("Independent");
  expect(relation("logit", 0.05).name).toBe("Independent");
  expect(relation("logit", 0.2).name).toBe("Needed together");
});

test("sizes of windows", () => {
  const windows = { height: 22, width: 22, tops: new Float32Array(), lefts: new Float32Array() };
  expect(sizeText(windows)).toBe("22 px");
  expect(sizeText({ ...windows, width: 30 })).toBe("30 × 22 px");
  expect(sizeNames(3)).toEqual(["Small", "Medium", "Large"]);
  expect(sizeNames(4)).toEqual(["1", "2", "3", "4"]);
});
