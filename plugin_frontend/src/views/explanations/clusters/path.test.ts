import { expect, test } from "vitest";
import type { ClusterDetail } from "../../../data/clusters.ts";
import type { Series } from "../../../state/series.ts";
import type { Explanation } from "../cards.ts";
import { analysisOf, oneAnAnalysis, pathThrough, turningOrder, turnOf } from "./path.ts";
import { standingOf } from "./Vote.tsx";

const series = (tag: string, layer: string, kind = "CLUSTERS") =>
  ({ tag, layer, kind, run: "r", method: "" }) as Series;

function explanation(tag: string, layer: string, order: number, turning?: number): Explanation {
  const detail = { kind: "CLUSTERS", order, turning } as ClusterDetail;
  return { frame: { series: series(tag, layer) }, sample: { targets: [{ detail }] } } as unknown as Explanation;
}

const of = (layer: string, order: number, turning?: number) => explanation(`val/c/${layer}`, layer, order, turning);
const other = {
  frame: { series: series("val/gradcam", "", "HEATMAPS") },
  sample: { targets: [{ detail: { kind: "HEATMAPS" } }] },
} as unknown as Explanation;

test("a path has the layers of one analysis, the first in the network first", () => {
  const mixed = [other, of("fc", 2), of("conv1", 0), explanation("train/c/conv1", "conv1", 0), of("conv2", 1)];
  expect(pathThrough(mixed).map(({ name }) => name)).toEqual(["conv1", "conv2", "fc"]);
  expect(pathThrough(mixed, "train/c")).toHaveLength(1);
  expect(pathThrough([other])).toEqual([]);
  expect(pathThrough([of("4", 0)])[0]?.name).toBe("layer 4"); // of an nn.Sequential
});

test("what layers of one analysis have in common is the tag without the layer, whose name may have slashes", () => {
  expect(analysisOf(series("val/c/a/b", "a/b"))).toBe("val/c");
  expect(analysisOf(series("val/c/x", ""))).toBe("val/c");
  expect(analysisOf(series("alone", ""))).toBe("");
});

test("where the path turns is named by the layer, or by the nearest that is there", () => {
  const all = pathThrough([of("conv1", 0, 1), of("conv2", 1, 1), of("fc", 2, 1)]);
  expect(turnOf(all, 3)).toEqual({ where: "at conv2", series: "CLUSTERS:val/c/conv2" });
  expect(turnOf(pathThrough([of("fc", 2, 1)]), 3)).toEqual({ where: "before fc", series: "CLUSTERS:val/c/fc" });
  expect(turnOf(pathThrough([of("conv1", 0, 1)]), 3)?.where).toBe("after conv1");
  expect(turnOf(pathThrough([of("conv1", 0, 3)]), 3)?.where).toBe("at the output");
  expect(turnOf(pathThrough([of("conv1", 0)]), 3)).toBeNull(); // not known
  expect(turningOrder(pathThrough([of("conv1", 0), of("fc", 1, 0)]))).toBe(0);
});

test("a class is the true one, the mistake, or another", () => {
  const sample = { label: 1, predicted: 2 } as Parameters<typeof standingOf>[1];
  expect([0, 1, 2].map((index) => standingOf(index, sample))).toEqual(["other", "true", "mistaken"]);
  expect(standingOf(2, { ...sample, label: undefined })).toBe("true"); // no label: nothing is known to be wrong
});

test("of the layers of an analysis one stands for all: the shown one, else the turning one, else the last", () => {
  const layers = [of("conv1", 0, 1), of("conv2", 1, 1), of("fc", 2, 1)];
  const known = (shown?: Explanation) => oneAnAnalysis([other, ...layers], shown);
  expect(known()).toEqual([other, layers[1]]);
  expect(known(other)).toEqual([other, layers[1]]);
  expect(known(layers[2])).toEqual([other, layers[2]]);
  expect(oneAnAnalysis([of("fc", 1, 2), of("conv1", 0, 2), other], undefined)).toEqual([of("fc", 1, 2), other]);
});
