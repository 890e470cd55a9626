import { signal } from "@preact/signals";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterMap } from "../../data/cluster_map.ts";
import type { ClusterPath } from "../../data/clusters.ts";
import type { Target } from "../../data/explained.ts";
import { type AttributionMap, PixelMap, SuperpixelMap } from "../../data/maps.ts";
import { followLikeness, likenessOf, meanSimilarity, measuring } from "./likeness.ts";
import type { MapPair, SamplePair } from "./pairs.ts";

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.restoreAllMocks();
});

type Options = { runs?: [string, string]; steps?: [number, number]; classes?: [number, number] };

function pairOf(a: AttributionMap, b: AttributionMap, options: Options = {}): MapPair {
  const { runs = ["r", "r"], steps = [0, 1], classes = [0, 0] } = options;
  const side = (map: AttributionMap, i: number) => {
    const frame = { series: { run: runs[i] }, step: steps[i] };
    const detail = map.form === "clusters" ? { kind: "CLUSTERS", forward: { map } } : { kind: "HEATMAPS" };
    const target = { classIndex: classes[i], map, detail } as unknown as Target;
    return { frame, explanation: { frame, record: { classDependent: true } }, target };
  };
  const [first, second] = [side(a, 0), side(b, 1)];
  return { series: { key: "k", a: first.frame, b: second.frame }, a: first, b: second } as unknown as MapPair;
}

function measured(...maps: MapPair[]): void {
  stops.push(followLikeness(signal([{ maps } as unknown as SamplePair])));
}

const numbers = (...values: number[]) => Float32Array.from(values);
const grid = (values: Float32Array) => new PixelMap("m", 1, values.length, 1, values.length, false, () => values);
const superpixels = (segments: string, ...weights: number[]) =>
  new SuperpixelMap("s", segments, 8, 8, () => numbers(...weights), undefined);

function clusters(ids: number[], labels: number[], size = [2, 2]): ClusterMap {
  const path = { grid: size, ids } as unknown as ClusterPath;
  return new ClusterMap("c", "forward", path, { height: 8, width: 8 }, () => Uint16Array.from(labels));
}

test("maps of values have a rank correlation, which is pending until it was measured", () => {
  const pair = pairOf(grid(numbers(1, 2, 3, 4)), grid(numbers(1, 3, 2, 4)));
  expect(likenessOf(pair)).toEqual({ form: "pending" });
  measured(pair);
  expect(likenessOf(pair)).toEqual({ form: "similarity", value: expect.closeTo(0.8, 9) });
  const flat = pairOf(grid(numbers(1, 1, 1)), grid(numbers(1, 2, 3)));
  measured(flat);
  expect(likenessOf(flat)).toMatchObject({ form: "none", why: "a map is the same everywhere" });
});

test("what means nothing is not measured: another class, the same record, no target", () => {
  const [a, b] = [grid(numbers(1, 2)), grid(numbers(2, 1))];
  const why = (options: Options) => {
    const pair = pairOf(a, b, options);
    measured(pair);
    return likenessOf(pair);
  };
  expect(why({ classes: [0, 1] })).toMatchObject({ why: "another class on each side" });
  expect(why({ steps: [5, 5] })).toMatchObject({ why: "the same record on both sides" });
  expect(why({ steps: [5, 5], runs: ["r", "s"] })).toEqual({ form: "similarity", value: -1 });
  const missing = pairOf(a, b);
  missing.a.target = null;
  expect(likenessOf(missing)).toMatchObject({ why: "not logged for this class" });
});

test("superpixels of one label map are compared one by one, without the padding behind them", () => {
  const pair = pairOf(superpixels("ab", 1, 2, 3, 4, 0, 0, 0), superpixels("ab", 1, 3, 2, 4, 0, 0, 0));
  measured(pair);
  expect(likenessOf(pair)).toEqual({ form: "similarity", value: expect.closeTo(0.8, 9) });
});

test("superpixels of two label maps wait for both, and are compared pixel by pixel", async () => {
  vi.stubGlobal("fetch", async () => new Response(null, { status: 404 }));
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const pair = pairOf(superpixels("ab", 1, 2), superpixels("cd", 1, 2));
  measured(pair);
  expect(likenessOf(pair)).toEqual({ form: "pending" });
  await vi.waitFor(() => expect(likenessOf(pair)).toMatchObject({ why: "the superpixels cannot be read" }));
});

test("of clusters it is the share of positions that moved, by the clusters' names, within a run", () => {
  // The same names in another order: only the last position went from cluster 9 to 7.
  const a = clusters([7, 9], [0, 0, 1, 1]);
  const b = clusters([9, 7], [1, 1, 0, 1]);
  const within = pairOf(a, b);
  const across = pairOf(clusters([7, 9], [0, 0, 1, 1]), b, { runs: ["r", "s"] });
  const reshaped = pairOf(a, clusters([7, 9], [0, 0], [1, 2]));
  measured(within, across, reshaped);
  expect(likenessOf(within)).toEqual({ form: "moved", value: 0.25 });
  expect(likenessOf(across)).toMatchObject({ form: "none" });
  expect(likenessOf(reshaped)).toMatchObject({ why: "the layer's grid is another" });
});

test("many maps are measured in pieces, and the mean is of those that have a figure", async () => {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 5; // each look at the clock takes as long
    return now;
  });
  const maps = Array.from({ length: 40 }, (_, i) => pairOf(grid(numbers(1, 2, i)), grid(numbers(1, 2, 3 + i))));
  const sample = { maps: [pairOf(grid(numbers(1, 2, 3)), grid(numbers(3, 2, 1))), ...maps] } as unknown as SamplePair;
  stops.push(followLikeness(signal([sample])));
  expect(measuring.value).toBe(true);
  expect(likenessOf(maps[39] as MapPair)).toEqual({ form: "pending" });
  await vi.waitFor(() => expect(measuring.value).toBe(false));
  expect(likenessOf(maps[39] as MapPair)).toEqual({ form: "similarity", value: 1 });
  expect(meanSimilarity({ maps: [sample.maps[0], maps[39]] } as unknown as SamplePair)).toBe(0);
});
