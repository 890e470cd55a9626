/** The path of a sample through the clusters of all layers, and one of the layers enlarged. */
import { useComputed } from "@preact/signals";
import { placedOn, way } from "../../../state/clusters.ts";
import { frame } from "../../../state/frame.ts";
import { openSeries, seriesKey } from "../../../state/series.ts";
import { lazy } from "../../../widgets/lazy.tsx";
import { Segmented } from "../../../widgets/Segmented.tsx";
import { cardsOf } from "../cards.ts";
import type { DetailProps } from "../details.ts";
import { LayerPicture } from "./LayerPicture.tsx";
import { PathTable } from "./PathTable.tsx";
import { analysisOf, type PathLayer, pathThrough } from "./path.ts";

const ReconstructionStrip = lazy(
  async () => (await import("../reconstructions/ReconstructionStrip.tsx")).ReconstructionStrip,
);

const WAYS: ["forward" | "feedback", string][] = [
  ["forward", "Forward"],
  ["feedback", "Feedback"],
];

export function PathPanel({ explanation, target }: DetailProps) {
  const { run } = explanation.frame.series;
  const cards = useComputed(() => cardsOf(frame.value?.runs.get(run) ?? []));
  if (target.detail.kind !== "CLUSTERS") return null;
  const card = cards.value.find(({ sample }) => sample.id === explanation.sample.id);
  const layers = pathThrough(card?.explanations ?? [explanation], analysisOf(explanation.frame.series));
  const chosen = layers.find((layer) => keyOf(layer) === seriesKey(explanation.frame.series)) ?? layers[0];
  if (!chosen) return null;
  const reconstructed = card?.explanations.find(({ frame }) => frame.series.kind === "RECONSTRUCTIONS");
  return (
    <div class="path-panel" data-testid="path-panel">
      <PathTable
        layers={layers}
        chosen={chosen}
        onChoose={(layer, on) => {
          way.value = on;
          openSeries.value = keyOf(layer);
        }}
      />
      <div class="path-layer">
        <header class="path-layer-header">
          <h3>{chosen.name}</h3>
          {(chosen.detail.feedback || way.value === "feedback") && (
            <Segmented
              label=""
              value={way.value}
              options={WAYS}
              testId="path-way"
              onChange={(value) => {
                way.value = value;
              }}
            />
          )}
        </header>
        {placedOn(chosen.detail, way.value) ? (
          <LayerPicture key={keyOf(chosen)} layer={chosen} way={way.value} />
        ) : (
          <p class="notice">No feedback path was logged for this layer.</p>
        )}
      </div>
      {reconstructed && (
        <div class="path-reconstructions">
          <h3>Reconstructions</h3>
          <ReconstructionStrip explanation={reconstructed} side={88} />
        </div>
      )}
    </div>
  );
}

function keyOf({ explanation }: PathLayer): string {
  return seriesKey(explanation.frame.series);
}
