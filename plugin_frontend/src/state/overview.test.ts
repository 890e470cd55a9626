import { expect, test } from "vitest";
import type { SampleSummary } from "../data/summaries.ts";
import { leastSure, mistakesOf, scoreOf, shareOf, turnsOf } from "./overview.ts";

function made(id: string, label?: number, predicted?: number, probability?: number): SampleSummary {
  return { id, row: 0, image: "", label, predicted, probability, name: "", segments: "", volume: "", targets: [] };
}

const ids = (samples: readonly SampleSummary[]) => samples.map(({ id }) => id).join("");

test("of the samples that are known the right ones are counted", () => {
  const samples = [made("a", 0, 0), made("b", 1, 0), made("c", 2, 2), made("d", undefined, 1), made("e", 1)];
  expect(scoreOf(samples)).toEqual({ right: 2, of: 3 });
  expect(shareOf({ right: 2, of: 3 })).toBeCloseTo(0.6667, 4);
  expect(shareOf(scoreOf([made("d", undefined, 1)]))).toBeUndefined();
});

test("the surest mistake is the first, one without a probability the last", () => {
  const samples = [made("a", 0, 1, 0.5), made("b", 0, 1), made("c", 0, 1, 0.9), made("d", 1, 1, 0.99)];
  expect(ids(mistakesOf(samples))).toBe("cab");
  expect(ids(leastSure(samples))).toBe("acd");
});

test("what turned is told against the step before, not against one that comes later", () => {
  const now = [made("a", 0, 0, 0.6), made("b", 0, 0, 0.9), made("c", 0, 1, 0.8), made("d", 0, 1), made("e", 0, 0)];
  const before = [made("a", 0, 1), made("b", 0, 1), made("c", 0, 0), made("d", 0, 1)];
  const earlier = [made("d", 0, 0)];
  const moments = [
    { step: 0, samples: earlier, classes: "" },
    { step: 10, samples: before, classes: "" },
    { step: 20, samples: now, classes: "" },
    { step: 30, samples: earlier, classes: "" },
  ];
  const turns = turnsOf(moments, 20, now);
  expect([turns?.since, ids(turns?.learnt ?? []), ids(turns?.forgotten ?? [])]).toEqual([10, "ba", "c"]);
  expect(turnsOf(moments, 0, earlier)).toBeNull();
});
