/** What the view says in numbers: of every sample that the filters leave, a row for each series that explains it. */
import type { Cell, Table } from "../../data/csv.ts";
import { className } from "../../state/class_names.ts";
import type { Numbers } from "../../state/numbers.ts";
import { classChoice } from "../../state/samples.ts";
import { methodOf } from "../../state/series.ts";
import { type Card, chooseTarget } from "./cards.ts";
import { loggedFigures, sections } from "./sections.ts";

const COLUMNS = [
  "run",
  "step",
  "sample",
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

export const explanationNumbers: Numbers = {
  any: () => sections.value.some(({ cards }) => cards.length > 0),
  table,
  otherwise: "No samples are shown",
};

function table(): Table {
  const figures = loggedFigures.value.map(([name]) => name);
  const rows = sections.value.flatMap(({ cards }) => cards.flatMap((card) => rowsOf(card, figures)));
  return [[...COLUMNS, ...figures], ...rows];
}

function rowsOf({ explanations }: Card, figures: readonly string[]): Cell[][] {
  return explanations.map((explanation) => {
    const { frame, sample, record } = explanation;
    const target = chooseTarget(explanation, classChoice.value);
    const named = (index: number | undefined) => (index === undefined ? undefined : className(record.classes, index));
    return [
      frame.series.run,
      frame.step,
      sample.id,
      sample.name,
      named(sample.label),
      named(sample.predicted),
      sample.probability,
      methodOf(frame.series),
      frame.series.layer,
      frame.series.tag,
      named(target?.classIndex),
      target?.probability,
      ...figures.map((name) => target?.figures.find((figure) => figure.name === name)?.value),
    ];
  });
}
