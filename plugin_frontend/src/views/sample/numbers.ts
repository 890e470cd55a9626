/** What the view says in numbers: of the open sample, a row for each step, series and logged class, with its figures. */
import type { Cell, Table } from "../../data/csv.ts";
import { figureOrder } from "../../data/figures.ts";
import { historyOf } from "../../state/histories.ts";
import type { Numbers } from "../../state/numbers.ts";
import { openSample } from "../../state/samples.ts";
import { seriesOf } from "../../state/series.ts";
import { cellsOf, TOLD } from "../explanations/numbers.ts";

const COLUMNS = ["run", "sample", "step", ...TOLD];

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
  const rows = told.map((one): Cell[] => [run, id, one.step, ...cellsOf(one, figures)]);
  return [[...COLUMNS, ...figures], ...rows];
}
