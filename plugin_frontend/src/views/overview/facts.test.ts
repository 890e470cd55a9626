import { expect, test } from "vitest";
import { type Curve, changeOf } from "./facts.ts";

test("a change is one since the logged step before, or none is said", () => {
  const curve: Curve = { steps: [0, 10, 30], shares: [0.25, 0.5, 0.25], scores: [], whole: true };
  expect([0, 10, 20, 30].map((step) => changeOf(curve, step))).toEqual([undefined, 0.25, undefined, -0.25]);
  expect(changeOf({ ...curve, whole: false }, 10)).toBeUndefined(); // a step between may have been left out
  expect(changeOf(undefined, 10)).toBeUndefined();
});
