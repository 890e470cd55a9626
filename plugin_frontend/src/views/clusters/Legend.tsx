/** The clusters of one layer as a list: what each is called, its colour, its class, how pure and how large it is. */

import type { Way } from "../../data/cluster_map.ts";
import type { ClusterPath } from "../../data/clusters.ts";
import { className } from "../../state/class_names.ts";
import { litIn, pinned, pointed, shownClusters, togglePinned } from "../../state/clusters.ts";
import { colourOf } from "../../state/paints.ts";
import type { Series } from "../../state/series.ts";
import { Ranking } from "../../widgets/Ranking.tsx";
import { percent } from "../explanations/format.ts";

type Props = { series: Series; way: Way; path: ClusterPath; classes: string; place: string };

export function Legend({ series: { run, tag }, way, path, classes, place }: Props) {
  const nameOf = (c: number) => ({ run, tag, way, id: path.ids[c] as number });
  const shown = shownClusters(path);
  const clusters = path.ids.map((_, c) => c).filter((c) => shown[c]);
  clusters.sort((a, b) => (path.ids[a] as number) - (path.ids[b] as number));
  const lit = litIn(run, tag, way, path);
  const picked = pinned.value;
  return (
    <div class="cluster-legend" data-testid="cluster-legend" data-run={run} data-tag={tag} data-way={way}>
      <p class="legend-count">
        {clusters.length === path.ids.length
          ? `${path.ids.length} clusters`
          : `${clusters.length} of ${path.ids.length} clusters`}
        {path.classes > 0 && <span>class · purity</span>}
      </p>
      <Ranking
        label={`Clusters of ${tag}`}
        items={clusters}
        keyOf={(c) => String(path.ids[c])}
        highlighted={new Set(lit === null ? [] : [String(path.ids[lit])])}
        picked={picked && picked.run === run && picked.tag === tag && picked.way === way ? String(picked.id) : null}
        onHighlight={(c) => {
          pointed.value = c === null ? null : nameOf(c);
        }}
        onPick={(c) => togglePinned(nameOf(c))}
        testId={`legend-${place}-${run}-${tag}-${way}`}
        row={(c) => (
          <span
            class="cluster-row"
            data-cluster={path.ids[c]}
            title={`Cluster ${path.ids[c]}: ${percent(path.shares[c])} of all positions${path.classes ? `, most often ${className(classes, path.dominant[c])}` : ""}`}
          >
            <span class="swatch" style={{ background: colourOf(path, c) }} />
            <span class="cluster-id">{path.ids[c]}</span>
            {path.classes > 0 && (
              <>
                <span class="cluster-class">{className(classes, path.dominant[c])}</span>
                <span class="purity-bar" style={{ "--share": path.purity[c] }} />
                <span class="cluster-purity">{Math.round(100 * (path.purity[c] as number))}%</span>
              </>
            )}
          </span>
        )}
      />
      {clusters.length === 0 && <p class="hint">The filters leave none.</p>}
    </div>
  );
}
