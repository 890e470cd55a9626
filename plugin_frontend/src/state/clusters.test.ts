// @vitest-environment happy-dom
import { afterEach, expect, test } from "vitest";
import type { ClusterPath } from "../data/clusters.ts";
import { clusterColour } from "../render/clusters/colours.ts";
import {
  type ClusterName,
  colourBy,
  formatName,
  highestPurity,
  litIn,
  lowestPurity,
  onlyClass,
  parseName,
  pinned,
  pointed,
  sameCluster,
  shownClusters,
  togglePinned,
} from "./clusters.ts";
import { colourOf } from "./paints.ts";

const path: ClusterPath = {
  grid: [1, 1],
  ids: [5, 2, 8],
  classes: 3,
  histograms: new Float32Array(9),
  shares: [0.5, 0.3, 0.2],
  purity: [0.4, 0.7, 1.0000001],
  entropy: [1.5, 1, 0],
  dominant: [0, 1, 0],
  association: 0.5,
  patches: [],
};
const name = (id: number): ClusterName => ({ run: "a:b", tag: "val/clusters:1", way: "forward", id });

afterEach(() => {
  lowestPurity.value = 0;
  highestPurity.value = 1;
  onlyClass.value = pinned.value = pointed.value = null;
  colourBy.value = "cluster";
});

test("filters leave clusters by purity and by their most frequent class", () => {
  expect(shownClusters(path)).toEqual([true, true, true]);
  lowestPurity.value = 0.5;
  expect(shownClusters(path)).toEqual([false, true, true]);
  highestPurity.value = 0.9;
  expect(shownClusters(path)).toEqual([false, true, false]);
  [lowestPurity.value, highestPurity.value, onlyClass.value] = [0, 1, 0];
  expect(shownClusters(path)).toEqual([true, false, true]);
});

test("a cluster keeps its colour when its index changes, and shares its class's hue on demand", () => {
  const later = { ...path, ids: [8, 5, 2] };
  expect(colourOf(path, 0)).toBe(clusterColour(5));
  expect(colourOf(later, 1)).toBe(colourOf(path, 0));
  colourBy.value = "class";
  expect(colourOf(path, 0)).not.toBe(colourOf(path, 2)); // one class, another purity
  expect(colourOf(later, 1)).toBe(colourOf(path, 1));
});

test("the cluster that is pointed at goes before the pinned one, in its own series and on its own path only", () => {
  const lit = (tag = "val/clusters:1", way: "forward" | "feedback" = "forward") => litIn("a:b", tag, way, path);
  expect(lit()).toBeNull();
  togglePinned(name(8));
  expect(lit()).toBe(2);
  pointed.value = name(5);
  expect(lit()).toBe(0);
  pointed.value = name(77); // not at this step
  expect(lit()).toBe(2);
  expect([lit("other"), lit("val/clusters:1", "feedback"), litIn("c", "val/clusters:1", "forward", path)]).toEqual([
    null,
    null,
    null,
  ]);
  togglePinned(name(8));
  pointed.value = null;
  expect(lit()).toBeNull();
});

test("names go to the address and back", () => {
  expect(parseName(formatName(name(12)))).toEqual(name(12));
  expect(sameCluster(parseName(formatName(name(12))) ?? null, name(12))).toBe(true);
  for (const text of ["", "1", "x:forward:t:r", "1:sideways:t:r", "1:forward:%:r"])
    expect(parseName(text)).toBeUndefined();
});
