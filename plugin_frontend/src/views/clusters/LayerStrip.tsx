/** How classes emerge from the first layer to the last: what clusters tell about the class, how pure they are, how many. */
import { layerTitle } from "../../state/series.ts";
import { ColumnCurves, type Curve } from "../../widgets/ColumnCurves.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { type Layer, meanPurity } from "./lookup.ts";

const HEIGHT = 72;

type Props = {
  layers: readonly Layer[];
  /** By order of the layer, how many wrong samples turn there. */
  turning: ReadonlyMap<number, number>;
  onChoose: (layer: Layer) => void;
};

export function LayerStrip({ layers, turning, onChoose }: Props) {
  const curve = (kind: string, name: string, of: (layer: Layer) => number | undefined): Curve => ({
    kind,
    name,
    values: layers.map(of),
  });
  const curves = [
    curve("purity", "mean purity", ({ detail }) => meanPurity(detail.forward.path)),
    curve("association", "U", ({ detail }) => detail.forward.path.association),
    curve("feedback", "U of feedback", ({ detail }) => detail.feedback?.path.association),
  ].filter(({ values }) => values.some((value) => value !== undefined));
  const last = Math.max(...layers.map(({ detail }) => detail.order));
  const atOutput = [...turning].reduce((sum, [order, count]) => (order > last ? sum + count : sum), 0);
  return (
    <div class="layer-strip" data-testid="layer-strip">
      <div class="curve-keys">
        {curves.toReversed().map(({ kind, name }) => (
          <span key={kind} data-curve={kind} title={kind === "purity" ? undefined : UNCERTAINTY}>
            {name}
          </span>
        ))}
      </div>
      <div class="strip-scroll">
        <div class="strip-columns" style={{ "--layers": layers.length + (atOutput ? 1 : 0) }}>
          <ColumnCurves
            curves={curves}
            columns={[...layers.map(({ frame }) => layerTitle(frame.series)), ...(atOutput ? ["output"] : [])]}
            height={HEIGHT}
            label="From the first layer to the last"
          />
          {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
          <ol class="strip-layers" role="list">
            {layers.map((layer) => (
              <li key={layer.frame.series.tag}>
                <LayerButton
                  layer={layer}
                  turns={turning.get(layer.detail.order) ?? 0}
                  onChoose={() => onChoose(layer)}
                />
              </li>
            ))}
            {atOutput > 0 && (
              <li class="strip-layer">
                <span class="strip-name">output</span>
                <span class="strip-facts">
                  <Turns count={atOutput} />
                </span>
              </li>
            )}
          </ol>
        </div>
      </div>
    </div>
  );
}

function Turns({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span
      class="strip-turns"
      data-testid="strip-turns"
      title={`${count} wrong ${count === 1 ? "sample turns" : "samples turn"} here`}
    >
      <Icon name="turn" /> {count}
      <span class="visually-hidden"> wrong {count === 1 ? "sample turns" : "samples turn"} here</span>
    </span>
  );
}

const UNCERTAINTY =
  "Uncertainty coefficient: mutual information of cluster and class as a share of the classes' entropy. 1: the cluster tells the class";

function LayerButton({ layer, turns, onChoose }: { layer: Layer; turns: number; onChoose: () => void }) {
  const { path } = layer.detail.forward;
  const name = layerTitle(layer.frame.series);
  return (
    <button type="button" class="strip-layer" title={`Go to ${name}: ${path.ids.length} clusters`} onClick={onChoose}>
      <span class="strip-name">{name}</span>
      <span class="strip-facts">
        k {path.ids.length}
        <Turns count={turns} />
      </span>
    </button>
  );
}
