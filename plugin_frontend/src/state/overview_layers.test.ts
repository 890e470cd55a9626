import { expect, test } from "vitest";
import type { ChannelLayer } from "../data/channel_layer.ts";
import type { ClassPair } from "../data/projections.ts";
import { Better } from "../records/explain_pb.ts";
import { mostConfusable, notesOf } from "./overview_layers.ts";

const group = (...channels: number[]) => ({ channels, relation: "copy", similarity: 1, cost: undefined });

const layer = (dead: number | undefined, groups?: number[][]): ChannelLayer =>
  ({
    count: 12,
    measures: new Map(
      dead === undefined ? [] : [["dead", { step: 0, value: { name: "dead", value: dead, better: Better.NEITHER } }]],
    ),
    groups: groups && { step: 0, value: groups.map((channels) => group(...channels)) },
  }) as unknown as ChannelLayer;

test("dead filters are a share of them, and all of a group but one are redundant", () => {
  const notes = notesOf([
    [
      "conv1",
      layer(0.25, [
        [0, 1],
        [2, 3, 4],
      ]),
    ],
    ["conv2", layer(undefined)],
    [
      "conv3",
      layer(0, [
        [0, 1, 2, 3],
        [5, 6],
      ]),
    ],
  ]);
  expect(notes).toEqual([
    { layer: "conv1", count: 12, dead: 3, spare: 3, mostRedundant: false },
    { layer: "conv2", count: 12, dead: undefined, spare: undefined, mostRedundant: false },
    { layer: "conv3", count: 12, dead: 0, spare: 4, mostRedundant: true },
  ]);
});

test("the most redundant layer is that of the greatest share; without redundancy there is none", () => {
  const small = { ...layer(0, [[0, 1, 2]]), count: 4 };
  expect(
    notesOf([
      ["large", layer(0, [[0, 1, 2, 3]])],
      ["small", small],
    ]).map(({ mostRedundant }) => mostRedundant),
  ).toEqual([false, true]);
  expect(notesOf([["conv", layer(0, [])]])[0]?.mostRedundant).toBe(false);
});

test("pairs that are confused most often come first, then those that lie nearest", () => {
  const pair = (first: number, confusions: number, separability: number): ClassPair =>
    ({ first, second: 9, confusions, separability }) as ClassPair;
  const pairs = [pair(0, 0, 1), pair(1, 5, 3), pair(2, 0, 0.5), pair(3, 5, 2), pair(4, 1, 9)];
  expect(mostConfusable(pairs).map(({ first }) => first)).toEqual([3, 1, 4, 2]);
});
