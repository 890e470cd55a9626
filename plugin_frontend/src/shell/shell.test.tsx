// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Run } from "../data/answers.ts";
import { indexing, notices, runFilter, runSelection, runs } from "../state/runs.ts";
import { seriesKey, tagFilter } from "../state/series.ts";
import { stepIndex } from "../state/steps.ts";
import { follow, step } from "../state/timeline.ts";
import { App } from "./App.tsx";
import { EmptyState } from "./EmptyState.tsx";
import { problemSummary } from "./problems.ts";
import { Sidebar } from "./Sidebar.tsx";
import { Timeline } from "./Timeline.tsx";

const made = (run: string, counts: Partial<Run["counts"]> = {}): Run => ({
  run,
  series: [{ tag: "a", kind: "HEATMAPS", method: "GradCAM", layer: "", parameters: "", description: "", records: 3 }],
  counts: { unknown: 0, damaged: 0, failed: 0, dropped: 0, ...counts },
  failures: [],
});

beforeEach(() => {
  runs.value = [made("run10", { failed: 2 }), made("run9", { dropped: 3 })];
  const steps = {
    tag: "a",
    kind: "HEATMAPS",
    steps: [0, 50, 70],
    wall_times: [0, 1, 2],
    counts: [1, 1, 1],
    keys: ["x", "y", "z"],
  };
  stepIndex.value = new Map([["run9", new Map([[seriesKey(steps), steps]])]]);
});

afterEach(() => {
  cleanup();
  runSelection.value = null;
  runFilter.value = tagFilter.value = "";
  notices.value = [];
  indexing.value = null;
  follow.value = true;
});

test("the slider speaks of steps, not of positions", async () => {
  render(<Timeline />);
  const slider = screen.getByTestId("step-slider");
  expect(slider.getAttribute("aria-valuetext")).toBe("step 70");
  await fireEvent.input(slider, { target: { value: "1" } });
  expect(step.value).toBe(50);
  expect(slider.getAttribute("aria-valuetext")).toBe("step 50");
  expect((screen.getByTestId("follow") as HTMLInputElement).checked).toBe(false);
});

test("runs are listed in natural order, and a filter that is none says so", async () => {
  render(<Sidebar />);
  const names = () => Array.from(screen.getByTestId("run-list").querySelectorAll("li"), (item) => item.textContent);
  expect(names()).toEqual(["run9", "run10"]);
  const filter = screen.getByTestId("run-filter");
  await fireEvent.input(filter, { target: { value: "10$" } });
  expect(names()).toEqual(["run10"]);
  await fireEvent.input(filter, { target: { value: "(" } });
  expect(filter.getAttribute("aria-invalid")).toBe("true");
  expect(names()).toEqual(["run9", "run10"]);
});

test("an empty page says why", async () => {
  const { rerender } = render(<EmptyState />);
  const said = () => screen.getByTestId("empty-state").textContent ?? "";
  runSelection.value = new Set();
  rerender(<EmptyState />);
  expect(said()).toContain("No run is selected");
  runSelection.value = null;
  tagFilter.value = "nothing";
  rerender(<EmptyState />);
  expect(said()).toContain("No tag matches");
  runs.value = [];
  rerender(<EmptyState />);
  expect(said()).toContain("ExplainWriter");
});

test("what keeps runs from being shown is said above them", () => {
  notices.value = ["gs://bucket/runs cannot be reached, its driver is not installed: install gcsfs"];
  render(<App />);
  expect(screen.getByTestId("notice").textContent).toContain("install gcsfs");
});

test("how far the server has read is said, and that nothing was found only afterwards", () => {
  runs.value = [];
  indexing.value = 0.428;
  const { rerender } = render(
    <>
      <App />
      <EmptyState />
    </>,
  );
  expect(screen.getByTestId("indexing").textContent).toContain("42 %");
  expect(screen.queryByTestId("empty-state")).toBeNull();
  indexing.value = null;
  rerender(
    <>
      <App />
      <EmptyState />
    </>,
  );
  expect(screen.queryByTestId("indexing")).toBeNull();
  expect(screen.getByTestId("empty-state").textContent).toContain("No explanations were found");
});

test("problems are summed over runs", () => {
  expect(problemSummary.value).toBe("2 failed, 3 dropped");
});
