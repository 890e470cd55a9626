/** What the view says in numbers: of the open sample, a row for each step, series and logged class, with its figures. */
import type { Cell, Table } from "../../data/csv.ts";
import { figureOrder } from "../../data/figures.ts";
import { className } from "../../state/class_names.ts";
import { historyOf } from "../../state/histories.ts";
import type { Numbers } from "../../state/numbers.ts";
import { openSample } from "../../state/samples.ts";
import { methodOf, seriesOf } from "../../state/series.ts";

const COLUMNS = [
  "run",
  "sample",
  "step",
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

export const sampleNumbers: Numbers = {
  any: () => openSample.value !== null,
  table: () => (openSample.value ? table(openSample.value) : [COLUMNS]),
  otherwise: "No sample is open",
};

/** Of the series whose history has arrived, which the page asks for as it shows them. */
function table({ run, sample: id }: NonNullable<typeof openSample.value>): Table {
  const told = seriesOf(run).flatMap((series) =>
    (historyOf(series, id)?.moments ?? []).flatMap(({ step, samples: [sample], classes }) =>
      sample ? sample.targets.map((target) => ({ series, step, classes, sample, target })) : [],
    ),
  );
  const figures = figureOrder(told.flatMap(({ target }) => target.figures.map(({ name }) => name)));
  const rows = told.map(({ series, step, classes, sample, target }): Cell[] => {
    const named = (index: number | undefined) => (index === undefined ? undefined : className(classes, index));
    return [
      run,
      id,
      step,
      sample.name,
      named(sample.label),
      named(sample.predicted),
      sample.probability,
      methodOf(series),
      series.layer,
      series.tag,
      named(target.classIndex),
      target.probability,
      ...figures.map((name) => target.figures.find((figure) => figure.name === name)?.value),
    ];
  });
  return [[...COLUMNS, ...figures], ...rows];
}
