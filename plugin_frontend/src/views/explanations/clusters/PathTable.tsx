/** The path as a table: a column for each layer, forward above feedback, the class that each speaks for, and where it turns. */
import type { Way } from "../../../data/cluster_map.ts";
import { className } from "../../../state/class_names.ts";
import { placedOn, way } from "../../../state/clusters.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import { isRight } from "../cards.ts";
import { Picture } from "../Picture.tsx";
import { EvidenceCurve } from "./EvidenceCurve.tsx";
import { type PathLayer, turningOrder } from "./path.ts";
import { Vote } from "./Vote.tsx";

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
  const isAfter = (layer: PathLayer) => turning !== null && turning !== undefined && layer.detail.order > turning;
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
                {turnsAt(layer) && (
                  <span class="turn-mark" data-testid="turn-mark">
                    {wrong && <Icon name="turn" />}
                    {wrong ? `turns to ${predicted} here` : `settles on ${predicted} here`}
                  </span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ways.map((on) => (
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
            </tr>
          ))}
          <tr>
            <th scope="row">evidence</th>
            <td colSpan={layers.length} class="path-curve">
              <EvidenceCurve layers={layers} />
            </td>
          </tr>
        </tbody>
      </table>
      {turning === null && wrong && (
        <p class="hint">No layer turns: the clusters of the last one do not speak for {predicted} either.</p>
      )}
    </div>
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
      <Vote placed={placed} sample={explanation.sample} classes={explanation.record.classes} />
    </>
  );
}
