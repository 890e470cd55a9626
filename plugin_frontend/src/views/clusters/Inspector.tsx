/** The pane at the right: how maps look, and the facts of the cluster that is pointed at or pinned. */
import { settingsOpen } from "../../shell/panes.ts";
import { opacity } from "../../state/appearance.ts";
import { inspected } from "../../state/clusters.ts";
import { tileSize } from "../../state/samples.ts";
import { Slider } from "../../widgets/Slider.tsx";
import { ClusterFacts } from "./ClusterFacts.tsx";

export function Inspector() {
  return (
    <aside class="inspector" aria-label="Cluster" data-testid="inspector">
      {settingsOpen.value && (
        <div class="inspector-settings">
          <Slider
            label="Opacity"
            value={opacity}
            min={0}
            max={1}
            step={0.01}
            testId="opacity"
            format={(value) => `${Math.round(100 * value)}%`}
          />
          <Slider
            label="Size"
            value={tileSize}
            min={96}
            max={320}
            step={8}
            testId="size"
            format={(size) => `${size} px`}
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
