/** One sample in the clusters of one layer: its map, and the class that the layer votes for. */
import { className } from "../../state/class_names.ts";
import { placedOn, way } from "../../state/clusters.ts";
import { openSample, tileSize } from "../../state/samples.ts";
import { layerTitle, openSeries, seriesKey } from "../../state/series.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { StepBadge } from "../../widgets/StepBadge.tsx";
import { type Card, type Explanation, isRight } from "../explanations/cards.ts";
import { analysisOf, pathThrough, turningOrder } from "../explanations/clusters/path.ts";
import { Vote } from "../explanations/clusters/Vote.tsx";
import { Picture } from "../explanations/Picture.tsx";
import { voteOf } from "./reading.ts";

export function ClusterTile({ card, explanation }: { card: Card; explanation: Explanation }) {
  const { frame, sample, record } = explanation;
  const { run, tag } = frame.series;
  const target = sample.targets[0];
  if (target?.detail.kind !== "CLUSTERS") return null;
  const { detail } = target;
  const placed = placedOn(detail, way.value);
  if (!placed) return null;
  const wrong = isRight(sample) === false;
  const turnsHere = wrong && turningOrder(pathThrough(card.explanations, analysisOf(frame.series))) === detail.order;
  const truth = className(record.classes, sample.label);
  const predicted = className(record.classes, sample.predicted);
  const verdict = wrong ? `${truth}, predicted ${predicted}` : truth;
  return (
    <li
      class="cluster-tile"
      data-testid="cluster-tile"
      data-run={run}
      data-tag={tag}
      data-step={frame.step}
      data-sample={sample.id}
      data-turns={turnsHere || undefined}
    >
      <div class="tile-picture">
        <button
          type="button"
          class="tile-open"
          aria-label={`Enlarge ${layerTitle(frame.series)}, ${sample.name || verdict}`}
          title={sample.name ? `${sample.name}: ${verdict}` : verdict}
          onClick={() => {
            openSeries.value = seriesKey(frame.series);
            openSample.value = { run, sample: sample.id };
          }}
        >
          <Picture explanation={explanation} target={target} map={placed.map} longest={128} shownAt={tileSize.value} />
        </button>
        <span class="badges">
          <StepBadge at={frame.step} />
          {turnsHere && (
            <span class="badge badge-turn" title={`Turns to ${predicted} at this layer`}>
              <Icon name="turn" /> turns
            </span>
          )}
        </span>
      </div>
      <Vote vote={voteOf(placed)} sample={sample} classes={record.classes} />
    </li>
  );
}
