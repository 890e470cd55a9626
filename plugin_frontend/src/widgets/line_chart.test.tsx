// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, expect, test, vi } from "vitest";
import { LineChart, type LineChartProps } from "./LineChart.tsx";

afterEach(cleanup);

const chart = (props: Partial<LineChartProps> = {}) => (
  <LineChart
    label="Probability"
    steps={[0, 10, 20]}
    lines={[
      { name: "cat", values: [0.1, 0.5, 0.9], colour: "red", look: "strong" },
      { name: "dog", values: [0.8, undefined, 0.1], colour: "blue" },
    ]}
    step={10}
    format={(value) => `${Math.round(100 * value)}%`}
    height={160}
    {...props}
  />
);

test("a slider says all lines at the step, and the keys move it among the steps of the chart", async () => {
  const onStep = vi.fn();
  render(chart({ onStep, marks: [{ step: 10, name: "wrong" }] }));
  const slider = screen.getByRole("slider", { name: "Probability" });
  expect(slider.getAttribute("aria-valuetext")).toBe("step 10, wrong, cat 50%");
  await fireEvent.keyDown(slider, { key: "ArrowRight" });
  await fireEvent.keyDown(slider, { key: "Home" });
  expect(onStep.mock.calls).toEqual([[20], [0]]);
});

test("the keys of a chart do not move the page as well", async () => {
  const heard = vi.fn();
  document.addEventListener("keydown", heard);
  render(chart({ onStep: () => {} }));
  await fireEvent.keyDown(screen.getByRole("slider"), { key: "ArrowLeft" });
  await fireEvent.keyDown(screen.getByRole("slider"), { key: "f" });
  document.removeEventListener("keydown", heard);
  expect(heard.mock.calls.map(([{ key }]) => key)).toEqual(["f"]);
});

test("pointing reads the nearest step, the largest value first, and a click goes there", async () => {
  const onStep = vi.fn();
  const { container } = render(chart({ onStep }));
  await fireEvent.pointerMove(screen.getByRole("slider"), { clientX: 9999 });
  expect(container.querySelector(".line-reading")?.textContent).toBe("step 20cat90%dog10%");
  await fireEvent.click(screen.getByRole("slider"), { clientX: -50 });
  expect(onStep).toHaveBeenCalledWith(0);
});

test("a chart that moves nothing is an image", () => {
  render(chart());
  expect(screen.queryByRole("slider")).toBeNull();
  expect(screen.getByRole("img", { name: "Probability" })).toBeTruthy();
});

test("the table has a row a step, at most so many that one can listen to them", () => {
  const { rerender } = render(chart());
  const rows = () => within(screen.getByRole("table")).getAllByRole("row");
  expect(rows().map(({ textContent }) => textContent)).toEqual(["Stepcatdog", "010%80%", "1050%–", "2090%10%"]);
  const steps = Array.from({ length: 200 }, (_, i) => i);
  rerender(chart({ steps, lines: [{ name: "cat", values: steps, colour: "red" }] }));
  expect(rows()).toHaveLength(25);
  expect(screen.getByRole("table").textContent).toContain("24 of 200 steps");
});

test("one step, and none", () => {
  const { container, rerender } = render(
    chart({ steps: [7], step: 7, lines: [{ name: "cat", values: [0.5], colour: "red" }] }),
  );
  expect(container.querySelectorAll("circle:not(.read)")).toHaveLength(1);
  rerender(chart({ steps: [], step: null, lines: [] }));
  expect(container.textContent).toContain("Nothing was logged.");
});

test("names without room at the ends stand below", () => {
  const lines = Array.from({ length: 8 }, (_, i) => ({ name: `class ${i}`, values: [0, 1, 0], colour: "red" }));
  const { container, rerender } = render(chart({ lines, height: 160 }));
  expect(container.querySelectorAll(".line-chart-plot > .line-name")).toHaveLength(8);
  rerender(chart({ lines, height: 80 }));
  expect(container.querySelectorAll(".line-chart-plot > .line-name")).toHaveLength(0);
  expect(container.querySelectorAll(".line-legend > .line-name")).toHaveLength(8);
});
