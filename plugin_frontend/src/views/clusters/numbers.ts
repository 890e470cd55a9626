/** What the view says in numbers: a row for each cluster of each layer. */
import type { Cell } from "../../data/csv.ts";
import { className } from "../../state/class_names.ts";
import { placedOn, way } from "../../state/clusters.ts";
import type { Numbers } from "../../state/numbers.ts";
import { layerOf } from "../../state/series.ts";
import { sections } from "../explanations/sections.ts";
import { layersOf } from "./lookup.ts";

const COLUMNS = ["run", "step", "tag", "layer", "path", "cluster", "share", "purity", "entropy", "class"];

export const clusterNumbers: Numbers = {
  any: () => sections.value.some(({ frames }) => layersOf(frames).length > 0),
  table: () => [COLUMNS, ...sections.value.flatMap(({ frames }) => layersOf(frames)).flatMap(rowsOf)],
  otherwise: "No clusters are shown",
};

function rowsOf({ frame, detail, classes }: ReturnType<typeof layersOf>[number]): Cell[][] {
  const path = placedOn(detail, way.value)?.path;
  const { series, step } = frame;
  return (path?.ids ?? []).map((id, c) => {
    const dominant = path?.dominant[c] ?? -1;
    return [
      series.run,
      step,
      series.tag,
      layerOf(series),
      way.value,
      id,
      path?.shares[c],
      path?.purity[c],
      path?.entropy[c],
      dominant < 0 ? undefined : className(classes, dominant),
    ];
  });
}
