/** Which layers and samples are shown, on which path and in which colours. */
import { colourBy, type WAYS, way } from "../../state/clusters.ts";
import { chosenClusterLayers, clusterLayerSelection, clusterLayers, toggle } from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
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
      <Segmented
        label="Path"
        value={way.value}
        options={WAY_NAMES}
        testId="way"
        disabled={way.value === "forward" && !layers.some(({ detail }) => detail.feedback)}
        onChange={(value) => {
          way.value = value;
        }}
      />
      <Segmented
        label="Colour by"
        value={colourBy.value}
        options={COLOURINGS}
        testId="colour-by"
        onChange={(value) => {
          colourBy.value = value;
        }}
      />
      <SampleChoice />
    </div>
  );
}
