/** The path as a table: a column for each layer, forward above feedback, the class that each speaks for, and where it turns. */
import type { Way } from "../../../data/cluster_map.ts";
import { className } from "../../../state/class_names.ts";
import { placedOn, way } from "../../../state/clusters.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import { voteOf } from "../../clusters/reading.ts";
import { isRight } from "../cards.ts";
import { percent } from "../format.ts";
import { Picture } from "../Picture.tsx";
import { EvidenceCurve } from "./EvidenceCurve.tsx";
import { type PathLayer, turningOrder } from "./path.ts";
import { Vote } from "./Vote.tsx";

/** Fewer of the clustered images than this look as strange. */
const STRANGE = 0.05;

type Props = {
  layers: readonly PathLayer[];
  chosen: PathLayer;
  onChoose: (layer: PathLayer, way: Way) => void;
};

export function PathTable({ layers, chosen, onChoose }: Props) {
  const [first] = layers;
  if (!first) return null;
  const { sample, record } = first.explanation;
  const turning = turningOrder(layers);
  const wrong = isRight(sample) === false;
  const predicted = className(record.classes, sample.predicted);
  const ways: Way[] = layers.some(({ detail }) => detail.feedback) ? ["forward", "feedback"] : ["forward"];
  const turnsAt = (layer: PathLayer) => layer.detail.order === turning;
  const isAfter = (layer: PathLayer) => turning !== undefined && layer.detail.order > turning;
  const atOutput = turning !== undefined && layers.every(({ detail }) => detail.order < turning);
  const strange = layers.some(({ detail }) => detail.novelty !== undefined);
  const turn = <Turn wrong={wrong} predicted={predicted} />;
  return (
    <div class="path-scroll">
      <table class="path-table" style={{ "--layers": layers.length }} data-testid="path-table">
        <caption class="visually-hidden">
          The clusters of each layer that this sample falls into, and the class that they speak for
        </caption>
        <thead>
          <tr>
            <td />
            {layers.map((layer) => (
              <th
                key={layer.name}
                scope="col"
                data-testid="path-layer"
                data-layer={layer.name}
                data-turns={turnsAt(layer) || undefined}
                data-wrong={wrong || undefined}
                data-after={isAfter(layer) || undefined}
                aria-current={layer === chosen ? "true" : undefined}
              >
                <span class="path-name" title={layer.name}>
                  {layer.name}
                </span>
                {turnsAt(layer) && turn}
              </th>
            ))}
            <th
              scope="col"
              data-testid="path-output"
              data-turns={atOutput || undefined}
              data-wrong={wrong || undefined}
              data-after={(turning !== undefined && !atOutput) || undefined}
            >
              <span class="path-name">output</span>
              {atOutput && turn}
            </th>
          </tr>
        </thead>
        <tbody>
          {ways.map((on, row) => (
            <tr key={on} data-way={on}>
              <th scope="row">{on}</th>
              {layers.map((layer) => (
                <td
                  key={layer.name}
                  data-turns={turnsAt(layer) || undefined}
                  data-wrong={wrong || undefined}
                  data-after={isAfter(layer) || undefined}
                >
                  <Step layer={layer} on={on} current={layer === chosen && way.value === on} onChoose={onChoose} />
                </td>
              ))}
              {row === 0 && (
                <td
                  rowSpan={ways.length}
                  class="path-output"
                  data-turns={atOutput || undefined}
                  data-wrong={wrong || undefined}
                  data-after={(turning !== undefined && !atOutput) || undefined}
                >
                  <Vote
                    vote={
                      sample.predicted === undefined
                        ? null
                        : { classIndex: sample.predicted, probability: sample.probability ?? Number.NaN }
                    }
                    sample={sample}
                    classes={record.classes}
                    by="The network predicts"
                  />
                </td>
              )}
            </tr>
          ))}
          {strange && (
            <tr class="path-novelty">
              <th scope="row" title="How rarely a clustered image looks as strange to the layer as this one">
                as strange
              </th>
              {layers.map(({ name, detail: { novelty } }) => (
                <td key={name} data-testid="novelty">
                  {novelty !== undefined && (
                    <span
                      class="novelty"
                      data-strange={novelty < STRANGE || undefined}
                      title={`${percent(novelty)} of the clustered images look as strange to ${name} as this one`}
                    >
                      {percent(novelty)}
                    </span>
                  )}
                </td>
              ))}
            </tr>
          )}
          <tr>
            <th scope="row">evidence</th>
            <td colSpan={layers.length} class="path-curve">
              <EvidenceCurve layers={layers} />
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Turn({ wrong, predicted }: { wrong: boolean; predicted: string }) {
  return (
    <span class="turn-mark" data-testid="turn-mark">
      {wrong && <Icon name="turn" />}
      {wrong ? `turns to ${predicted} here` : `settles on ${predicted} here`}
    </span>
  );
}

type StepProps = { layer: PathLayer; on: Way; current: boolean; onChoose: Props["onChoose"] };

function Step({ layer, on, current, onChoose }: StepProps) {
  const { explanation, detail, name } = layer;
  const placed = placedOn(detail, on);
  const target = explanation.sample.targets[0];
  if (!placed || !target) return <span class="hint">none</span>;
  return (
    <>
      <button
        type="button"
        class="path-step"
        data-testid="path-step"
        data-layer={name}
        data-way={on}
        aria-label={`Enlarge ${name}, ${on}`}
        aria-pressed={current}
        onClick={() => onChoose(layer, on)}
      >
        <Picture explanation={explanation} target={target} map={placed.map} longest={96} shownAt={96} readout={false} />
      </button>
      <Vote vote={voteOf(placed)} sample={explanation.sample} classes={explanation.record.classes} />
    </>
  );
}
