import { expect, test } from "vitest";
import type { SeriesDeclaration, SeriesSteps } from "../data/answers.ts";
import { activityOf, spanText, tracesOf } from "./overview_logged.ts";
import { seriesKey } from "./series.ts";

const declared = (method: string, layer: string, kind = "HEATMAPS"): SeriesDeclaration => ({
  tag: `val/${method.toLowerCase()}/${layer}`,
  kind,
  method,
  layer,
  parameters: "",
  description: "",
  records: 1,
});

const logged = (series: SeriesDeclaration, steps: number[], wall_times: number[]): SeriesSteps => ({
  tag: series.tag,
  kind: series.kind,
  steps,
  wall_times,
  counts: steps.map(() => 1),
  keys: steps.map(String),
});

test("the series of a method are one line with all their steps", () => {
  const series = [declared("GradCAM", "a"), declared("LIME", ""), declared("GradCAM", "b")];
  const index = new Map(
    [
      logged(series[0] as SeriesDeclaration, [0, 10], [5, 6]),
      logged(series[2] as SeriesDeclaration, [5, 10], [9, 7]),
    ].map((steps) => [seriesKey(steps), steps]),
  );
  expect(tracesOf(series, index).map(({ method, layers, steps, written }) => [method, layers, steps, written])).toEqual(
    [
      ["GradCAM", ["a", "b"], [0, 5, 10], 9],
      ["LIME", [], [], 0],
    ],
  );
  expect(tracesOf(series, undefined).every(({ steps }) => steps.length === 0)).toBe(true);
});

test("a run is being written as long as the next step is not overdue", () => {
  const series = declared("GradCAM", "a");
  const hourly = [logged(series, [0, 1, 2], [0, 3600, 7200])];
  expect(activityOf(hourly, 7200 + 3 * 3600)).toEqual({ last: 7200, writing: true });
  expect(activityOf(hourly, 7201 + 3 * 3600)).toEqual({ last: 7200, writing: false });
  const quick = [logged(series, [0, 1, 2], [0, 1, 2])];
  expect(activityOf(quick, 32)?.writing).toBe(true);
  expect(activityOf(quick, 33)?.writing).toBe(false);
  expect(activityOf([], 0)).toBeNull();
});

test("methods that take long at one step make no pause between steps", () => {
  const slow = [logged(declared("A", "a"), [0, 1], [0, 100]), logged(declared("B", "a"), [0, 1], [50, 150])];
  expect(activityOf(slow, 150 + 300)?.writing).toBe(true);
  expect(activityOf(slow, 150 + 301)?.writing).toBe(false);
});

test("a span is told in its largest unit", () => {
  expect([0, 59, 60, 3599, 3600, 90_000, 4e7].map(spanText)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "1 d",
    "1 y",
  ]);
});
