import { expect, test } from "vitest";
import type { SampleSummary } from "../../data/summaries.ts";
import { Better } from "../../records/explain_pb.ts";
import type { Moment } from "../../state/histories.ts";
import { courseOf, figureCourses } from "./course.ts";
import { learningOf, learningSentence } from "./learning.ts";

const steps = [0, 10, 20, 30, 40, 50];
const said = (...right: (boolean | undefined)[]) => learningSentence(learningOf(steps, right));

test("a forgetting event is right and then wrong, a learning event the reverse; what is not known is passed over", () => {
  const learning = learningOf(steps, [false, true, undefined, false, undefined, true]);
  expect(learning).toEqual({ wrong: [0, 30], learnt: [10, 50], forgotten: [30], known: 4, right: true });
  // Being right from the start is not learning, and being wrong from the start is not forgetting.
  expect(learningOf(steps, [true, true]).learnt).toEqual([]);
  expect(learningOf(steps, [false, false]).forgotten).toEqual([]);
});

test("learning and forgetting as a sentence", () => {
  expect(said(undefined, undefined)).toBeNull();
  expect(said(true)).toBe("Right at the one logged step.");
  expect(said(true, true, true)).toBe("Right at all 3 logged steps: never forgotten.");
  expect(learningSentence(learningOf([0, 64], [true, true]), "shown")).toBe(
    "Right at all 2 shown steps: never forgotten.",
  );
  expect(said(false, false)).toBe("Wrong at all 2 logged steps: never learnt.");
  expect(said(false, true, true)).toBe("Learnt at step 10, and not forgotten since.");
  expect(said(false, true, false, true)).toBe("Forgotten once, last learnt at step 30.");
  expect(said(true, false, true, false, true, true)).toBe("Forgotten twice, last learnt at step 40.");
  expect(said(true, false, false)).toBe("Forgotten once, at step 10, and not learnt again.");
  expect(said(true, false, true, false, true, false)).toBe("Forgotten 3 times, last at step 50, and not learnt again.");
});

const sample = (given: Partial<SampleSummary>): SampleSummary => ({
  id: "a",
  row: 0,
  image: "",
  label: undefined,
  predicted: undefined,
  probability: undefined,
  name: "",
  segments: "",
  volume: "",
  targets: [],
  ...given,
});
const target = (
  classIndex: number,
  probability?: number,
  figures: SampleSummary["targets"][number]["figures"] = [],
) => ({
  classIndex,
  probability,
  flags: 0,
  figures,
});
const moment = (step: number, given: Partial<SampleSummary>): Moment => ({
  step,
  samples: [sample(given)],
  classes: "c",
});

test("the true class comes first, then what was once most probable; a class that was not logged at a step is a gap", () => {
  const course = courseOf([
    moment(0, { label: 2, predicted: 1, probability: 0.7, targets: [target(1, 0.7), target(2, 0.1)] }),
    moment(5, { label: 2, predicted: 3, probability: 0.9, targets: [target(2, 0.05), target(-1, 0.3)] }),
  ]);
  expect(course.classes).toEqual([
    { classIndex: 2, values: [0.1, 0.05] },
    { classIndex: 3, values: [undefined, 0.9] },
    { classIndex: 1, values: [0.7, undefined] },
  ]);
  expect(course.right).toEqual([false, false]);
  expect([course.label, course.names, course.steps]).toEqual([2, "c", [0, 5]]);
});

test("without labels nothing is right or wrong", () => {
  const course = courseOf([moment(0, { predicted: 1, probability: 0.5 })]);
  expect(course.right).toEqual([undefined]);
  expect(course.label).toBeUndefined();
});

test("figures of the chosen target, in the usual order, with what knows nothing where it was logged", () => {
  const figure = (name: string, value: number, random?: number) => ({
    name,
    value,
    random,
    centred: undefined,
    better: Better.HIGHER,
  });
  const moments = [
    moment(0, { targets: [target(0, 1, [figure("sparseness", 0.5)]), target(1, 0)] }),
    moment(1, { targets: [target(0, 1, [figure("sparseness", 0.6), figure("insertion", 0.4, 0.2)])] }),
    moment(2, {}),
  ];
  const courses = figureCourses(moments, ({ targets }) => targets[0] ?? null);
  expect(courses).toEqual([
    { name: "insertion", steps: [0, 1], values: [undefined, 0.4], random: [undefined, 0.2], centred: null },
    { name: "sparseness", steps: [0, 1], values: [0.5, 0.6], random: null, centred: null },
  ]);
});
