/** How well other numbers of clusters would separate the vectors of a layer: a line so small that it fits into a heading. */
import type { ClusterCount } from "../../data/clusters.ts";
import { compact } from "../explanations/format.ts";

const WIDTH = 120;
const HEIGHT = 28;
const MARGIN = 4;

export function CountStudy({ counts, chosen }: { counts: readonly ClusterCount[]; chosen: number }) {
  const scores = counts.map(({ silhouette }) => silhouette);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const [first, last] = [counts[0]?.clusters ?? 0, counts.at(-1)?.clusters ?? 1];
  const x = (clusters: number) => MARGIN + ((WIDTH - 2 * MARGIN) * (clusters - first)) / (last - first || 1);
  const y = (score: number) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (score - low)) / (high - low || 1);
  const best = counts.reduce((a, b) => (b.silhouette > a.silhouette ? b : a));
  const summary = `Silhouette by number of clusters, ${first} to ${last}: best with ${best.clusters} (${compact(best.silhouette)}), ${chosen} were chosen`;
  const at = counts.find(({ clusters }) => clusters === chosen);
  return (
    <span class="count-study" data-testid="count-study" title={counts.map(lineOf).join("\n")}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={summary}>
        <polyline points={counts.map(({ clusters, silhouette }) => `${x(clusters)},${y(silhouette)}`).join(" ")} />
        {at && <circle cx={x(at.clusters)} cy={y(at.silhouette)} r={3.5} />}
      </svg>
      <span>
        k <strong>{chosen}</strong> of {first}–{last}
      </span>
    </span>
  );
}

function lineOf({ clusters, silhouette }: ClusterCount): string {
  return `k = ${clusters}: silhouette ${compact(silhouette)}`;
}
