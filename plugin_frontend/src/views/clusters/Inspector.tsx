/** The pane at the right: how maps look, which clusters are shown, and the facts of the one that is pointed at or pinned. */
import { settingsOpen } from "../../shell/panes.ts";
import { opacity } from "../../state/appearance.ts";
import { className } from "../../state/class_names.ts";
import { highestPurity, inspected, lowestPurity, onlyClass } from "../../state/clusters.ts";
import { tileSize } from "../../state/samples.ts";
import { RangeSlider } from "../../widgets/RangeSlider.tsx";
import { SearchSelect } from "../../widgets/SearchSelect.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { wholePercent } from "../explanations/format.ts";
import { sections } from "../explanations/sections.ts";
import { ClusterFacts } from "./ClusterFacts.tsx";
import { type Layer, layersOf } from "./lookup.ts";

export function Inspector() {
  const layers = sections.value.flatMap(({ frames }) => layersOf(frames));
  return (
    <aside class="inspector" aria-label="Cluster" data-testid="inspector">
      {settingsOpen.value && (
        <div class="inspector-settings">
          <Slider label="Opacity" value={opacity} min={0} max={1} step={0.01} testId="opacity" format={wholePercent} />
          <Slider
            label="Size"
            value={tileSize}
            min={96}
            max={320}
            step={8}
            testId="size"
            format={(size) => `${size} px`}
          />
          <RangeSlider label="Purity" low={lowestPurity} high={highestPurity} testId="purity" format={wholePercent} />
          <SearchSelect<number | null>
            label="Clusters of"
            id="cluster-classes"
            value={onlyClass.value}
            options={[[null, "Any class"], ...dominantClasses(layers)]}
            otherwise={`class ${onlyClass.value}`}
            onChange={(value) => {
              onlyClass.value = value;
            }}
            testId="cluster-class"
          />
        </div>
      )}
      {inspected.value ? (
        <ClusterFacts name={inspected.value} />
      ) : (
        <p class="hint">
          Point at a cluster, in a list or on an image, to see where it is in all images, which real patches lie nearest
          to its centroid, and which classes it gathers. A click in a list keeps it.
        </p>
      )}
    </aside>
  );
}

/** The classes that are the most frequent of some cluster, ascending. */
function dominantClasses(layers: readonly Layer[]): [number, string][] {
  const found = new Map<number, string>();
  for (const { detail, classes } of layers)
    for (const placed of [detail.forward, detail.feedback])
      for (const index of placed?.path.dominant ?? []) if (index >= 0) found.set(index, className(classes, index));
  return [...found].sort(([a], [b]) => a - b);
}
