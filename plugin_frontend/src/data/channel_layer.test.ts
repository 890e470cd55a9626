import { expect, test } from "vitest";
import { type ChannelLayer, joinLayer, type Logged } from "./channel_layer.ts";
import type { Channels, Maximised, Statistic } from "./channels.ts";

function logged(step: number, parts: Partial<Channels>, tag = "val/activations/conv"): Logged {
  const nothing: Channels = {
    count: 4,
    classes: "",
    maps: undefined,
    statistics: [],
    classMeans: undefined,
    tops: undefined,
    maximised: undefined,
    groups: [],
    measures: [],
    templateSlope: 0,
    notes: [],
  };
  return { tag, step, channels: { ...nothing, ...parts } };
}

const statistic = (name: string, low: number): Statistic => ({ name, low, high: 1, categories: "" }) as Statistic;
const maximised = (recipe: string) => ({ recipe }) as Maximised;
const group = { channels: [0, 1], relation: "copy", similarity: 1, cost: undefined };

const join = (records: Logged[], step: number) => joinLayer(records, step) as ChannelLayer;

test("of each part the newest at or before the step", () => {
  const records = [
    logged(0, { statistics: [statistic("mean", 1), statistic("dead", 1)] }),
    logged(10, { statistics: [statistic("mean", 2)] }),
    logged(20, { statistics: [statistic("mean", 3)] }),
  ];
  const at = (step: number) =>
    [...join(records, step).statistics].map(([name, { step, value }]) => [name, step, value.low]);
  expect(at(10)).toEqual([
    ["mean", 10, 2],
    ["dead", 0, 1],
  ]);
  expect(at(19)).toEqual(at(10));
  expect(at(99)[0]).toEqual(["mean", 20, 3]);
});

test("the nearest later one when there is none before", () => {
  const records = [logged(20, { templateSlope: 3 }), logged(10, { templateSlope: 2 }), logged(0, { classes: "ab" })];
  expect(join(records, 5)).toMatchObject({ templateSlope: 2, classes: "ab" });
});

test("of records at the same step the later one counts", () => {
  const records = [
    logged(1, { statistics: [statistic("mean", 1)] }),
    logged(1, { statistics: [statistic("mean", 2)] }),
  ];
  expect(join(records, 1).statistics.get("mean")?.value.low).toBe(2);
});

test("groups that are gone stay gone, where they were looked for", () => {
  const similarity = { statistics: [statistic("similarity", 0)] };
  const records = [logged(0, { ...similarity, groups: [group] }), logged(10, similarity), logged(20, {})];
  expect(join(records, 0).groups?.value).toEqual([group]);
  expect(join(records, 20).groups).toEqual({ step: 10, value: [] });
});

test("every series has its own maximised images", () => {
  const records = [
    logged(0, { maximised: maximised("plain") }, "a"),
    logged(10, { maximised: maximised("fourier") }, "b"),
    logged(10, { maximised: maximised("plain again") }, "a"),
  ];
  expect(join(records, 10).maximised.map(({ value }) => value.recipe)).toEqual(["plain again", "fourier"]);
});

test("a layer that lost channels is as its newest record says", () => {
  const records = [logged(0, { count: 6, templateSlope: 4 }), logged(10, { count: 4 })];
  expect(join(records, 10)).toMatchObject({ count: 4, templateSlope: 0 });
  expect(join(records, 0)).toMatchObject({ count: 6, templateSlope: 4 });
});

test("without records there is no layer", () => {
  expect(joinLayer([], 0)).toBeUndefined();
});
