/** What is read out of a map of clusters: the one under the pointer, and the map as a sentence. */
import type { ClusterMap } from "../../data/cluster_map.ts";
import type { ClusterPath, Placed } from "../../data/clusters.ts";
import { indexOfLargest } from "../../data/clusters.ts";
import { cellAt, cellsOf, clusterIn, NOTHING } from "../../render/clusters/project.ts";
import { className } from "../../state/class_names.ts";
import { type ClusterName, pointed, sameCluster } from "../../state/clusters.ts";
import type { Series } from "../../state/series.ts";
import { wholePercent } from "../explanations/format.ts";

/** In as few words as fit on a picture. */
function clusterTitle({ ids, dominant, purity }: ClusterPath, c: number, classes: string): string {
  const index = dominant[c] as number;
  return index < 0 ? `${ids[c]}` : `${ids[c]} · ${className(classes, index)} ${wholePercent(purity[c] as number)}`;
}

/** What a layer makes of a sample: the class that its assignments speak for most. */
export type Vote = { classIndex: number; probability: number };

export function voteOf({ evidence }: Placed): Vote | null {
  if (!evidence) return null;
  const classIndex = indexOfLargest(evidence);
  return { classIndex, probability: Math.exp(evidence[classIndex] as number) };
}

export function nameOf({ run, tag }: Series, { way, path }: ClusterMap, c: number): ClusterName {
  return { run, tag, way, id: path.ids[c] as number };
}

/** Lights the cluster at a point of the picture, both coordinates from 0 to 1, in all pictures of the series; `null`: none. */
export function pointAt(series: Series, map: ClusterMap | null, x = 0, y = 0): void {
  const c = map && clusterAt(map, x, y);
  const name = map && c !== null ? nameOf(series, map, c) : null;
  if (!sameCluster(pointed.peek(), name)) pointed.value = name;
}

export function clusterReading(map: ClusterMap, x: number, y: number, classes: string): string | null {
  const c = clusterAt(map, x, y);
  return c === null ? null : clusterTitle(map.path, c, classes);
}

export function clusterAt(map: ClusterMap, x: number, y: number): number | null {
  const cells = cellsOf(map);
  return clusterIn(cells, cellAt(cells, x, y));
}

const NAMED = 3;

/** For those who cannot see it: the clusters that take up most of the map. */
export function mapSummary(map: ClusterMap, classes: string): string {
  const { path } = map;
  const counts = new Map<number, number>();
  for (const label of cellsOf(map).labels) if (label !== NOTHING) counts.set(label, (counts.get(label) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const largest = [...counts].sort(([a, m], [b, n]) => n - m || a - b).slice(0, NAMED);
  const named = largest.map(
    ([c, count]) => `cluster ${path.ids[c]} (${className(classes, path.dominant[c])}) ${wholePercent(count / total)}`,
  );
  const rest = counts.size > NAMED ? ` and ${counts.size - NAMED} more` : "";
  return `${path.grid.join(" by ")} positions: ${named.join(", ")}${rest}`;
}
