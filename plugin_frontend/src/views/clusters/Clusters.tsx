/** The view of filter-space clusters: for every shown run its layers, first to last, and where each cluster is in the samples. */
import { useEffect } from "preact/hooks";
import { onCommand } from "../../shell/keyboard.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { pointed } from "../../state/clusters.ts";
import { loading } from "../../state/frame.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { openSample, tileSize } from "../../state/samples.ts";
import { shownSeries } from "../../state/series.ts";
import { moveSample } from "../explanations/opened.ts";
import { RunSection } from "../explanations/RunSection.tsx";
import { SampleDialog } from "../explanations/SampleDialog.tsx";
import { sections, turnPage } from "../explanations/sections.ts";
import "../explanations/style_sheets.ts";
import { ClusterToolbar } from "./ClusterToolbar.tsx";
import { Inspector } from "./Inspector.tsx";
import { LayerSections } from "./LayerSections.tsx";
import { NoClusters } from "./NoClusters.tsx";
import { clusterNumbers } from "./numbers.ts";

/** Of a tile, as a share of those of the other view: there are as many rows of them as layers. */
const SCALE = 0.6;

export function Clusters() {
  useEffect(() => offerNumbers(clusterNumbers), []);
  useEffect(
    () =>
      onCommand((command) => {
        const by = command === "next" ? 1 : -1;
        if (openSample.peek()) moveSample(by);
        else turnPage(by);
      }),
    [],
  );
  useEffect(
    () => () => {
      pointed.value = null;
    },
    [],
  );
  const style = { "--overlay-opacity": opacity.value, "--tile": `${Math.round(SCALE * tileSize.value)}px` };
  const any = shownSeries.value.length > 0;
  return (
    <div class="explanations clusters" style={style} data-peek={peeking.value || undefined}>
      <div class="explanations-main">
        {any && <ClusterToolbar />}
        <div key={any ? "layers" : "none"} class="content" aria-busy={loading.value}>
          {any ? (
            sections.value.map((section) => (
              <RunSection key={section.run} section={section}>
                <LayerSections section={section} />
              </RunSection>
            ))
          ) : (
            <NoClusters />
          )}
        </div>
      </div>
      {any && <Inspector />}
      <SampleDialog />
    </div>
  );
}
