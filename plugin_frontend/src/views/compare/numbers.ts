/** What the view says in numbers: of every pair that the filters leave, a row for each series that both sides have. */
import type { Cell, Table } from "../../data/csv.ts";
import { className } from "../../state/class_names.ts";
import type { Numbers } from "../../state/numbers.ts";
import { methodOf } from "../../state/series.ts";
import type { Card } from "../explanations/cards.ts";
import { outcomeOf } from "./changes.ts";
import { likenessOf } from "./likeness.ts";
import type { MapPair, SamplePair } from "./pairs.ts";
import { arranged } from "./shown.ts";

const COLUMNS = [
  "sample",
  "name",
  "label",
  ...["a", "b"].flatMap((side) => [`${side}_run`, `${side}_step`, `${side}_predicted`, `${side}_probability`]),
  "outcome",
  "method",
  "layer",
  "tag",
  "target",
  "similarity",
  "moved",
];

export const compareNumbers: Numbers = {
  any: () => arranged.value.length > 0,
  table: (): Table => [COLUMNS, ...arranged.value.flatMap((pair) => pair.maps.map((maps) => rowOf(pair, maps)))],
  otherwise: "No samples are compared",
};

function rowOf(pair: SamplePair, maps: MapPair): Cell[] {
  const likeness = likenessOf(maps);
  const side = ({ sample, record }: Card, { run, step }: { run: string; step: number }) => [
    run,
    step,
    nameOf(record.classes, sample.predicted),
    sample.probability,
  ];
  const { a, b } = maps.series;
  return [
    pair.id,
    pair.a.sample.name,
    nameOf(pair.b.record.classes, pair.b.sample.label),
    ...side(pair.a, { run: a.series.run, step: a.step }),
    ...side(pair.b, { run: b.series.run, step: b.step }),
    outcomeOf(pair),
    methodOf(a.series),
    a.series.layer,
    a.series.tag,
    nameOf(maps.b.explanation.record.classes, maps.b.target?.classIndex),
    likeness.form === "similarity" ? likeness.value : undefined,
    likeness.form === "moved" ? likeness.value : undefined,
  ];
}

function nameOf(classes: string, index: number | undefined): string | undefined {
  return index === undefined ? undefined : className(classes, index);
}
