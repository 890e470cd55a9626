/** What is known of the model itself: filters that do nothing or nothing of their own, and classes it runs together. */
import { className } from "../../state/class_names.ts";
import type { ClassNote, LayerNote } from "../../state/overview_layers.ts";
import { showClasses, showLayer } from "../../state/overview_places.ts";
import { titleOfLayer } from "../../state/series.ts";
import { counted } from "../explanations/format.ts";
import { Card, Line } from "./Line.tsx";
import { Bar } from "./MapCards.tsx";
import { decimals } from "./words.ts";

export function FiltersCard({ run, layers }: { run: string; layers: readonly LayerNote[] }) {
  return (
    <Card title="Filters" name="filters">
      <ul>
        {layers.map(({ layer, count, dead, spare, mostRedundant }) => (
          <li key={layer}>
            <Line
              title={
                dead ? `Show the dead filters of ${titleOfLayer(layer)}` : `Show the filters of ${titleOfLayer(layer)}`
              }
              testId="filters"
              class="measured"
              onClick={() => showLayer(run, layer, dead ? "dead" : "all")}
            >
              <span class="measured-name">
                {titleOfLayer(layer)} <span class="quiet">{counted(count, "filter")}</span>
              </span>
              {dead === undefined ? <span /> : <Bar value={dead / count} />}
              <span class="number counts">
                <span class={dead ? "beaten" : ""}>{dead === undefined ? "" : `${dead} dead`}</span>
                {spare !== undefined && (
                  <span
                    class={mostRedundant ? "spare most" : "spare"}
                    title={mostRedundant ? "The most redundant layer" : undefined}
                  >
                    {spare} redundant
                  </span>
                )}
              </span>
            </Line>
          </li>
        ))}
      </ul>
    </Card>
  );
}

const MEASURES: Record<string, string> = {
  knn_purity: "neighbours of the same class",
  silhouette: "silhouette",
  trustworthiness: "trustworthiness",
};

export function ClassesCard({ run, note }: { run: string; note: ClassNote }) {
  const { tag, classes, pairs, rows, measures } = note;
  return (
    <Card
      title="Most confusable classes"
      name="classes"
      more={{ text: counted(rows, "image"), onClick: () => showClasses(run, tag, null) }}
    >
      <ul>
        {pairs.map((pair) => (
          <li key={`${pair.first} ${pair.second}`}>
            <Line
              title="Show these two classes alone in the projection"
              testId="confusable"
              class="measured"
              onClick={() => showClasses(run, tag, pair)}
            >
              <span class="measured-name pair-name">
                <b>{className(classes, pair.first)}</b> and <b>{className(classes, pair.second)}</b>
              </span>
              <span class="number">
                {pair.confusions > 0 && <span class="beaten">{pair.confusions} confused</span>}
                <span class="spare">separability {decimals(pair.separability)}</span>
              </span>
            </Line>
          </li>
        ))}
      </ul>
      <p class="hint">
        {measures
          .filter(({ name }) => MEASURES[name])
          .slice(0, 2)
          .map(({ name, value }) => `${MEASURES[name]} ${decimals(value)}`)
          .join(" · ")}
      </p>
    </Card>
  );
}
