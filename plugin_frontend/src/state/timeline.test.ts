import { beforeEach, expect, test } from "vitest";
import type { SeriesSteps } from "../data/answers.ts";
import { runSelection, runs } from "./runs.ts";
import { chosenLayers, seriesKey, shownSeries, tagFilter } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { follow, moveTo, step, stepAt, stepBindings, steps } from "./timeline.ts";

const declare = (tag: string, layer: string) => ({
  tag,
  kind: "HEATMAPS",
  method: "GradCAM",
  layer,
  parameters: "",
  description: "",
  records: 1,
});
const counts = { unknown: 0, damaged: 0, failed: 0, dropped: 0 };

function log(...logged: number[]): void {
  const steps: SeriesSteps = {
    tag: "a",
    kind: "HEATMAPS",
    steps: logged,
    wall_times: logged,
    counts: logged,
    keys: logged.map(String),
  };
  stepIndex.value = new Map([["run", new Map([[seriesKey(steps), steps]])]]);
}

beforeEach(() => {
  runs.value = [{ run: "run", series: [declare("a", "layer1")], counts, failures: [] }];
  runSelection.value = null;
  tagFilter.value = "";
  follow.value = true;
  log(0, 10, 20);
});

test("new steps are followed until the slider is moved back, and again when it is moved to the end", () => {
  expect(step.value).toBe(20);
  log(0, 10, 20, 30);
  expect(step.value).toBe(30);
  moveTo(1);
  expect([step.value, follow.value]).toEqual([10, false]);
  log(0, 5, 10, 20, 30, 40);
  expect([step.value, stepAt.value]).toEqual([10, 2]);
  moveTo(steps.value.length - 1);
  log(0, 50);
  expect([step.value, follow.value]).toEqual([50, true]);
});

test("the address keeps the step that it asks for while no steps are known", () => {
  const [binding] = stepBindings;
  log();
  binding?.read("500");
  expect(binding?.write()).toBe("500");
  log(0, 400, 600);
  expect(binding?.write()).toBe("400");
  binding?.read(null);
  log();
  expect(binding?.write()).toBeNull();
});

test("an invalid tag filter hides nothing, a valid one without matches everything", () => {
  tagFilter.value = "(";
  expect(shownSeries.value).toHaveLength(1);
  tagFilter.value = "nothing";
  expect(shownSeries.value).toHaveLength(0);
});

test("with many series every run shows a layer of its own by default", () => {
  const many = (prefix: string) => Array.from({ length: 8 }, (_, i) => declare(`${prefix}${i}`, `${prefix}.layer${i}`));
  runs.value = ["x", "y"].map((run) => ({ run, series: many(run), counts, failures: [] }));
  expect([...chosenLayers.value]).toEqual(["x.layer7", "y.layer7"]);
});

test("a series is told by its tag and its kind", () => {
  const both = ["HEATMAPS", "SUPERPIXELS", "OF_THE_FUTURE"].map((kind) => ({ ...declare("a", ""), kind }));
  runs.value = [{ run: "run", series: both, counts, failures: [] }];
  expect(shownSeries.value.map(({ kind }) => kind)).toEqual(["HEATMAPS", "SUPERPIXELS"]);
  const logged = (kind: string, ...steps: number[]) => ({
    tag: "a",
    kind,
    steps,
    wall_times: steps,
    counts: steps,
    keys: [],
  });
  const kinds = [logged("HEATMAPS", 1), logged("SUPERPIXELS", 2, 5), logged("OF_THE_FUTURE", 9)];
  stepIndex.value = new Map([["run", new Map(kinds.map((steps) => [seriesKey(steps), steps]))]]);
  expect(steps.value).toEqual([1, 2, 5]);
});
