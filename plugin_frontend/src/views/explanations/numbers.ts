/** What the view says in numbers: of every sample that the filters leave, a row for each series that explains it. */
import type { SeriesDeclaration } from "../../data/answers.ts";
import type { Cell, Table } from "../../data/csv.ts";
import type { ExplainedSample, SummarisedTarget } from "../../data/explained.ts";
import { className } from "../../state/class_names.ts";
import type { Numbers } from "../../state/numbers.ts";
import { classChoice } from "../../state/samples.ts";
import { methodOf } from "../../state/series.ts";
import { type Card, chooseTarget } from "./cards.ts";
import { loggedFigures, sections } from "./sections.ts";

/** What a row says of a sample and of one target, before the figures. */
export const TOLD = [
  "name",
  "label",
  "predicted",
  "predicted_probability",
  "method",
  "layer",
  "tag",
  "target",
  "target_probability",
];

type Told = {
  series: SeriesDeclaration;
  sample: Omit<ExplainedSample, "targets">;
  classes: string;
  target: SummarisedTarget | null;
};

/** The cells of these columns, and of some figures. */
export function cellsOf({ series, sample, classes, target }: Told, figures: readonly string[]): Cell[] {
  const named = (index: number | undefined) => (index === undefined ? undefined : className(classes, index));
  return [
    sample.name,
    named(sample.label),
    named(sample.predicted),
    sample.probability,
    methodOf(series),
    series.layer,
    series.tag,
    named(target?.classIndex),
    target?.probability,
    ...figures.map((name) => target?.figures.find((figure) => figure.name === name)?.value),
  ];
}

export const explanationNumbers: Numbers = {
  any: () => sections.value.some(({ cards }) => cards.length > 0),
  table,
  otherwise: "No samples are shown",
};

function table(): Table {
  const figures = loggedFigures.value.map(([name]) => name);
  const rows = sections.value.flatMap(({ cards }) => cards.flatMap((card) => rowsOf(card, figures)));
  return [["run", "step", "sample", ...TOLD, ...figures], ...rows];
}

function rowsOf({ explanations }: Card, figures: readonly string[]): Cell[][] {
  return explanations.map((explanation) => {
    const { frame, sample, record } = explanation;
    const { series, step } = frame;
    const target = chooseTarget(explanation, classChoice.value);
    return [series.run, step, sample.id, ...cellsOf({ series, sample, classes: record.classes, target }, figures)];
  });
}
