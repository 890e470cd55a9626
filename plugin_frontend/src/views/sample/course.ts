/** What the model made of one image, step by step: whether it was right, and how probable it found each logged class. */
import type { SummarisedTarget } from "../../data/explained.ts";
import { figureOrder } from "../../data/figures.ts";
import type { SampleSummary } from "../../data/summaries.ts";
import type { Moment } from "../../state/histories.ts";

type ClassCourse = { classIndex: number; values: (number | undefined)[] };

type Course = {
  steps: number[];
  label: number | undefined;
  /** Content hash of the class names. */
  names: string;
  /** One a step. */
  right: (boolean | undefined)[];
  predicted: (number | undefined)[];
  /** The true class first, then by the highest probability that each has had. */
  classes: ClassCourse[];
};

/** Of the moments of one sample. */
export function courseOf(moments: readonly Moment[]): Course {
  const told = moments.flatMap(({ step, samples: [sample] }) => (sample ? [{ step, sample }] : []));
  const label = told.findLast(({ sample }) => sample.label !== undefined)?.sample.label;
  const values = new Map<number, (number | undefined)[]>();
  const put = (classIndex: number | undefined, at: number, probability: number | undefined) => {
    if (classIndex === undefined || classIndex < 0 || probability === undefined) return;
    const line = values.get(classIndex) ?? new Array<number | undefined>(told.length).fill(undefined);
    line[at] = probability;
    values.set(classIndex, line);
  };
  told.forEach(({ sample }, at) => {
    for (const { classIndex, probability } of sample.targets) put(classIndex, at, probability);
    put(sample.predicted, at, sample.probability);
  });
  const highest = (line: readonly (number | undefined)[]) => Math.max(...line.map((value) => value ?? 0));
  return {
    steps: told.map(({ step }) => step),
    label,
    names: moments.findLast(({ classes }) => classes)?.classes ?? "",
    right: told.map(({ sample: { label, predicted } }) =>
      label === undefined || predicted === undefined ? undefined : label === predicted,
    ),
    predicted: told.map(({ sample }) => sample.predicted),
    classes: [...values]
      .map(([classIndex, values]) => ({ classIndex, values }))
      .sort(
        (a, b) =>
          Number(b.classIndex === label) - Number(a.classIndex === label) || highest(b.values) - highest(a.values),
      ),
  };
}

export type FigureCourse = {
  name: string;
  /** Of the moments that were given. */
  steps: number[];
  values: (number | undefined)[];
  /** Of maps that know nothing; `null`: they were not logged. */
  random: (number | undefined)[] | null;
  centred: (number | undefined)[] | null;
};

/** The figures of one target a moment, in the order in which figures are shown. */
export function figureCourses(
  moments: readonly Moment[],
  choose: (sample: SampleSummary) => SummarisedTarget | null,
): FigureCourse[] {
  const told = moments.flatMap(({ step, samples: [sample] }) => {
    const target = sample && choose(sample);
    return target ? [{ step, figures: new Map(target.figures.map((figure) => [figure.name, figure])) }] : [];
  });
  return figureOrder(told.flatMap(({ figures }) => [...figures.keys()])).map((name) => {
    const column = (key: "value" | "random" | "centred") => told.map(({ figures }) => figures.get(name)?.[key]);
    const logged = (values: (number | undefined)[]) => (values.some((value) => value !== undefined) ? values : null);
    return {
      name,
      steps: told.map(({ step }) => step),
      values: column("value"),
      random: logged(column("random")),
      centred: logged(column("centred")),
    };
  });
}
