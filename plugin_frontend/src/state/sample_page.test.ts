import { batch } from "@preact/signals";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { filmSteps } from "./film.ts";
import { followSamplePage, leavePage, openPage } from "./sample_page.ts";
import { openSample } from "./samples.ts";
import { view } from "./view.ts";

beforeAll(followSamplePage);

beforeEach(() => {
  view.value = "explanations";
  openSample.value = null;
});

test("from the page one goes back to where one came from, and nothing is enlarged there", () => {
  view.value = "clusters";
  openSample.value = { run: "r", sample: "a" };
  openPage();
  expect(view.value).toBe("sample");
  leavePage();
  expect(view.value).toBe("clusters");
  expect(openSample.value).toBeNull();
});

test("from a sample that was chosen on the page one goes back to the choice", () => {
  view.value = "sample";
  openSample.value = { run: "r", sample: "a" };
  openSample.value = { run: "r", sample: "b" }; // the next one
  leavePage();
  expect([view.value, openSample.value]).toEqual(["sample", null]);
});

test("another view shows nothing enlarged, unless the address says so", () => {
  batch(() => {
    view.value = "sample";
    openSample.value = { run: "r", sample: "a" };
  });
  view.value = "features";
  expect(openSample.value).toBeNull();
  view.value = "sample";
  openSample.value = { run: "r", sample: "a" };
  batch(() => {
    view.value = "explanations";
    openSample.value = { run: "r", sample: "a" }; // read from the address
  });
  expect(openSample.value).toEqual({ run: "r", sample: "a" });
});

test("the film has at most twelve steps, and fewer of records with very many samples", () => {
  const logged = (count: number, samples: number) => ({
    tag: "a",
    kind: "HEATMAPS",
    steps: Array.from({ length: count }, (_, i) => 10 * i),
    wall_times: [],
    counts: new Array<number>(count).fill(samples),
    keys: [],
  });
  expect(filmSteps(logged(3, 4))).toEqual([0, 10, 20]);
  const many = filmSteps(logged(200, 4));
  expect([many.length, many[0], many.at(-1)]).toEqual([12, 0, 1990]);
  expect(filmSteps(logged(300_000, 4))).toHaveLength(12);
  expect(filmSteps(logged(200, 10_000))).toEqual([0, 1000, 1990]);
});
