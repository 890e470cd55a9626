import { expect, test } from "vitest";
import type { Group } from "../data/channels.ts";
import type { ChannelNumbers } from "./channel_numbers.ts";
import { arrangeChannels, type Filter, type Known } from "./channel_order.ts";
import type { ChannelSort } from "./features.ts";

const NOTHING = Number.NaN;
const GROUPS = [
  { channels: [4, 1], relation: "turned" },
  { channels: [0, 3], relation: "copy" },
] as unknown as Group[];

/** Six channels, of which 2 is dead. */
function known(without: string[] = []): Known {
  const statistics = new Map(
    Object.entries({
      selectivity: Float32Array.of(0.1, 0.9, NOTHING, 0.5, 0.9, 0.2),
      maximum: Float32Array.of(6, 5, 0, 3, 2, 1),
      dead: Float32Array.of(0, 0, 1, 0, 0, 0),
      sparsity: Float32Array.of(0.5, 0.1, 1, 0.8, 0.3, 0.2),
      class: Float32Array.of(0, 1, NOTHING, 1, 0, 2),
      similarity: Float32Array.of(1, 1, 0.3, 1, 1, 0.6),
    }).filter(([name]) => !without.includes(name)),
  );
  const numbers: ChannelNumbers = {
    statistics,
    pictures: [],
    others: [],
    groupOf: Int32Array.of(1, 0, -1, 1, 0, -1),
    groups: GROUPS,
    problems: [],
  };
  return { count: 6, numbers, peaks: Float32Array.of(1, 2, 3, 4, 5, 6) };
}

const ALL: Filter = {
  liveness: "all",
  classIndex: null,
  group: null,
  text: "",
  nameOf: (channel) => ["cat", "dog", "", "dog", "cat", "fox"][channel] as string,
};

const order = (sort: ChannelSort, filter: Partial<Filter> = {}, reversed = false) =>
  Array.from(arrangeChannels(known(), sort, reversed, { ...ALL, ...filter }));

test.each<[ChannelSort, number[]]>([
  ["index", [0, 1, 2, 3, 4, 5]],
  ["activation", [5, 4, 3, 2, 1, 0]],
  ["selectivity", [1, 4, 3, 5, 0, 2]],
  ["redundancy", [4, 1, 0, 3, 5, 2]],
  ["deadness", [2, 3, 0, 4, 5, 1]],
  ["maximum", [0, 1, 3, 4, 5, 2]],
  ["by:sparsity", [2, 3, 0, 4, 5, 1]],
])("by %s", (sort, expected) => {
  expect(order(sort)).toEqual(expected);
});

test("what is not known comes last in both directions", () => {
  expect(order("selectivity", {}, true)).toEqual([0, 5, 3, 1, 4, 2]);
  expect(Array.from(arrangeChannels(known(["selectivity"]), "selectivity", false, ALL))).toEqual([0, 1, 2, 3, 4, 5]);
});

test.each<[Partial<Filter>, number[]]>([
  [{ liveness: "dead" }, [2]],
  [{ liveness: "alive" }, [0, 1, 3, 4, 5]],
  [{ classIndex: 1 }, [1, 3]],
  [{ group: -1 }, [0, 1, 3, 4]],
  [{ group: 1 }, [0, 3]],
  [{ text: " 3" }, [3]],
  [{ text: "1-3" }, [1, 2, 3]],
  [{ text: "4-" }, [4, 5]],
  [{ text: "0, 2-3," }, [0, 2, 3]],
  [{ text: "DO" }, [1, 3]],
  [{ text: "no such" }, []],
  [{ liveness: "alive", classIndex: 0, text: "0-3" }, [0]],
])("filtered by %o", (filter, expected) => {
  expect(order("index", filter)).toEqual(expected);
});

test("a filter on what is not known leaves everything", () => {
  const found = arrangeChannels(known(["dead", "class"]), "index", false, { ...ALL, liveness: "dead", classIndex: 1 });
  expect(found).toHaveLength(6);
});
