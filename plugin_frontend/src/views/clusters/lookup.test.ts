import { expect, test } from "vitest";
import type { ClusterDetail, ClusterPath } from "../../data/clusters.ts";
import type { Frame } from "../../state/frame.ts";
import { classesOf, findCluster, layersOf, meanPurity } from "./lookup.ts";

const path = (over: Partial<ClusterPath>) =>
  ({ ids: [3, 1], shares: [0.75, 0.25], purity: [0.4, 0.8], ...over }) as ClusterPath;

const layer = (tag: string, order: number, ...records: (Partial<ClusterPath> | null)[]) => ({
  series: { kind: "CLUSTERS", tag, run: "r" },
  records: records.map(
    (made) =>
      made && {
        classes: "",
        samples: [
          { targets: [{ detail: { kind: "CLUSTERS", order, forward: { path: path(made) } } as ClusterDetail }] },
        ],
      },
  ),
});

const frame = {
  step: 0,
  runs: new Map([["r", [layer("b", 1, {}), layer("a", 0, {}, { ids: [9] }), layer("c", 2, null)]]]),
};

test("layers are in the order of the network; of two records the later one counts, and none that cannot be read", () => {
  const layers = layersOf((frame as unknown as Frame).runs.get("r") ?? []);
  expect(layers.map(({ frame }) => frame.series.tag)).toEqual(["a", "b"]);
  expect(layers[0]?.detail.forward.path.ids).toEqual([9]);
});

test("a cluster is found by its name, whatever its index", () => {
  const find = (tag: string, id: number, way: "forward" | "feedback" = "forward") =>
    findCluster({ run: "r", tag, way, id }, frame as unknown as Frame);
  expect(find("b", 1)?.c).toBe(1);
  expect(find("a", 3)).toBeNull();
  expect(find("b", 1, "feedback")).toBeNull();
  expect(findCluster({ run: "other", tag: "b", way: "forward", id: 1 }, frame as unknown as Frame)).toBeNull();
});

test("purity is weighed by how many positions a cluster has", () => {
  expect(meanPurity(path({}))).toBeCloseTo(0.75 * 0.4 + 0.25 * 0.8, 9);
  expect(meanPurity(path({ shares: [0, 0] }))).toBe(0);
});

test("the classes of a cluster are ranked, and what is beyond the most frequent is summed up, also for a thousand", () => {
  const histograms = new Float32Array(2000);
  for (let i = 0; i < 1000; i++) histograms[1000 + i] = i === 500 ? 0.5 : 0.5 / 999;
  const found = classesOf(path({ histograms, classes: 1000 }), 1, 3);
  expect(found.top.map(({ classIndex }) => classIndex)).toEqual([500, 0, 1]);
  expect(found.others).toBe(997);
  expect(found.share).toBeCloseTo((0.5 * 997) / 999, 5);
  expect(classesOf(path({ histograms, classes: 1000 }), 0, 3)).toEqual({ top: [], others: 0, share: 0 });
});
