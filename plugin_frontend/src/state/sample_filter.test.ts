// @vitest-environment happy-dom
import { afterEach, expect, test } from "vitest";
import { currentLink } from "./link_state.ts";
import * as filter from "./sample_filter.ts";
import { outcome } from "./samples.ts";

const NOTHING: filter.SampleFilter = { ofClass: null, leastSure: 0, mostSure: 1, text: "", pinned: null };
const sample = { id: "ab", label: 1, predicted: 2, probability: 0.5, name: "Photo_7.jpg" };
const passes = (wanted: Partial<filter.SampleFilter>, facts: Partial<filter.Facts> = {}) =>
  filter.passesFilter({ ...sample, ...facts }, "", { ...NOTHING, ...wanted });

afterEach(() => {
  filter.clearFilters();
  filter.pinnedSamples.value = new Set();
});

test("by class: the true one, the predicted one, or either", () => {
  const of = (role: filter.OfClass["role"], index: number) => passes({ ofClass: { role, index } });
  expect([of("label", 1), of("label", 2), of("predicted", 2), of("predicted", 1)]).toEqual([true, false, true, false]);
  expect([of("either", 1), of("either", 2), of("either", 0)]).toEqual([true, true, false]);
  expect(passes({ ofClass: { role: "label", index: 0 } }, { label: undefined })).toBe(false);
});

test("by confidence: ends included, and only a limit leaves out what has none", () => {
  expect(passes({ leastSure: 0.5, mostSure: 0.5 })).toBe(true);
  expect(passes({ leastSure: 0.51 })).toBe(false);
  expect(passes({ mostSure: 0.49 })).toBe(false);
  expect(passes({}, { probability: undefined })).toBe(true);
  expect(passes({ leastSure: 0.01 }, { probability: undefined })).toBe(false);
  expect(passes({ mostSure: 0.99 }, { probability: undefined })).toBe(false);
});

test("by text in the name or a class' name, as it is written, and by pins", () => {
  expect(passes({ text: "o_7." })).toBe(true);
  expect(passes({ text: "o.7" })).toBe(false); // no regular expression
  expect(passes({ text: "class 2" })).toBe(true);
  expect(passes({ text: "class 3" })).toBe(false);
  expect(passes({ pinned: new Set(["ab"]) })).toBe(true);
  expect(passes({ pinned: new Set(["cd"]) })).toBe(false);
});

test("filters and pins are in the link, are counted, and go together", () => {
  expect(filter.filterCount.value).toBe(0);
  const [ofClass, from, to, find, only, pinned] = filter.filterBindings;
  ofClass?.read("predicted:3");
  from?.read("0.25");
  find?.read("fox & co");
  only?.read("1");
  outcome.value = "wrong";
  pinned?.read("ab,%230");
  expect(filter.ofClass.value).toEqual({ role: "predicted", index: 3 });
  expect([...filter.pinnedSamples.value]).toEqual(["ab", "#0"]);
  expect(filter.filterCount.value).toBe(5);
  for (const part of ["of_class=predicted%3A3", "sure_from=0.25", "find=fox%20%26%20co", "pinned_only=1"])
    expect(currentLink()).toContain(`p.tb_explain.${part}`);
  expect(pinned?.write()).toBe("ab,%230");
  filter.clearFilters();
  expect(filter.filterCount.value).toBe(0);
  expect([ofClass?.write(), from?.write(), to?.write(), find?.write(), only?.write()]).toEqual(Array(5).fill(null));
  expect(filter.pinnedSamples.value.size).toBe(2); // pins are no filter
  filter.togglePin("ab");
  filter.togglePin("#0");
  expect(pinned?.write()).toBe(null);
  for (const nonsense of ["3", "label:x", "true:1"]) {
    ofClass?.read(nonsense);
    expect(filter.ofClass.value).toBe(null);
  }
});
