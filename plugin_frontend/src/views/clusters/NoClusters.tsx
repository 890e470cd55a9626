/** Why there are no clusters to see, and how to log some. */
import { Action, EmptyState, FilteredOut, Message, Snippet } from "../../shell/EmptyState.tsx";
import { shownRuns } from "../../state/runs.ts";
import { clusterLayerSelection, clusterSeries } from "../../state/series.ts";

const EXAMPLE = `from tb_explain.methods import FilterClusters

writer.explain(model, probe, step, [FilterClusters(["layer1", "layer3"])])
`;

export function NoClusters() {
  if (shownRuns.value.length === 0) return <EmptyState />;
  if (clusterSeries.value.length > 0)
    return (
      <Message title="No layer is chosen">
        <Action
          text="Show all layers"
          onClick={() => {
            clusterLayerSelection.value = null;
          }}
        />
      </Message>
    );
  if (shownRuns.value.some(({ series }) => series.some(({ kind }) => kind === "CLUSTERS")))
    return <FilteredOut title="No clusters' tag matches the filter" />;
  return (
    <Message title="No clusters were logged">
      <p>
        Filter-space clusters group the positions of a layer by what its filters say there. Which classes a cluster
        gathers tells what the layer can tell apart; the path of an image through the layers' clusters tells where a
        mistake begins. None of the shown runs has any. To log them:
      </p>
      <Snippet code={EXAMPLE} />
    </Message>
  );
}
