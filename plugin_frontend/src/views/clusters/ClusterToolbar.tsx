/** Which clusters are shown and how: layers, colours, path, purity, class; and which samples. */
import { className } from "../../state/class_names.ts";
import { colourBy, highestPurity, lowestPurity, onlyClass, type WAYS, way } from "../../state/clusters.ts";
import { chosenClusterLayers, clusterLayerSelection, clusterLayers, toggle } from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
import { RangeSlider } from "../../widgets/RangeSlider.tsx";
import { SearchSelect } from "../../widgets/SearchSelect.tsx";
import { Segmented } from "../../widgets/Segmented.tsx";
import { SampleChoice } from "../explanations/SampleChoice.tsx";
import { sections } from "../explanations/sections.ts";
import { layersOf } from "./lookup.ts";

const COLOURINGS: ["cluster" | "class", string][] = [
  ["cluster", "Cluster"],
  ["class", "Class"],
];

const WAY_NAMES: [(typeof WAYS)[number], string][] = [
  ["forward", "Forward"],
  ["feedback", "Feedback"],
];

const share = (value: number) => `${Math.round(100 * value)}%`;

export function ClusterToolbar() {
  const layers = sections.value.flatMap(({ frames }) => layersOf(frames));
  return (
    <div class="view-toolbar" role="toolbar" aria-label="What is shown">
      <Chips
        label="Layers"
        names={clusterLayers.value}
        chosen={chosenClusterLayers.value}
        onToggle={(name) => toggle(clusterLayerSelection, chosenClusterLayers.value, name)}
        testId="cluster-layers"
      />
      {(way.value === "feedback" || layers.some(({ detail }) => detail.feedback)) && (
        <Segmented
          label="Path"
          value={way.value}
          options={WAY_NAMES}
          testId="way"
          onChange={(value) => {
            way.value = value;
          }}
        />
      )}
      <Segmented
        label="Colour by"
        value={colourBy.value}
        options={COLOURINGS}
        testId="colour-by"
        onChange={(value) => {
          colourBy.value = value;
        }}
      />
      <RangeSlider
        label="Purity"
        low={lowestPurity}
        high={highestPurity}
        min={0}
        max={1}
        step={0.01}
        testId="purity"
        format={share}
      />
      <SearchSelect<number | null>
        label="Clusters of"
        id="cluster-classes"
        value={onlyClass.value}
        options={[[null, "any class"], ...dominantClasses(layers)]}
        otherwise={`class ${onlyClass.value}`}
        onChange={(value) => {
          onlyClass.value = value;
        }}
        testId="cluster-class"
      />
      <SampleChoice />
    </div>
  );
}

/** The classes that are the most frequent of some cluster, ascending. */
function dominantClasses(layers: ReturnType<typeof layersOf>): [number, string][] {
  const found = new Map<number, string>();
  for (const { detail, classes } of layers)
    for (const placed of [detail.forward, detail.feedback])
      for (const index of placed?.path.dominant ?? []) found.set(index, className(classes, index));
  return [...found].sort(([a], [b]) => a - b);
}
