/** How clusters are coloured, which are shown, and which one is lit in all images. */
import { computed, signal } from "@preact/signals";
import type { Way } from "../data/cluster_map.ts";
import type { ClusterDetail, ClusterPath, Placed } from "../data/clusters.ts";
import { adjusted, between, bind, oneOf, whole } from "./bindings.ts";

export const WAYS = ["forward", "feedback"] as const satisfies readonly Way[];
const COLOURINGS = ["cluster", "class"] as const;

export const way = signal<Way>("forward");
export const colourBy = signal<(typeof COLOURINGS)[number]>("cluster");

export const lowestPurity = signal(0);
export const highestPurity = signal(1);
/** Only clusters in which this class is the most frequent; `null`: of any. */
export const onlyClass = signal<number | null>(null);

/** A cluster of a layer; what it is called stays from step to step. */
export type ClusterName = { run: string; tag: string; way: Way; id: number };

/** The one whose facts stay on screen. */
export const pinned = signal<ClusterName | null>(null);
/** The one under the pointer or the keyboard's focus. */
export const pointed = signal<ClusterName | null>(null);

/** The one whose facts are shown. */
export const inspected = computed(() => pointed.value ?? pinned.value);

export function sameCluster(a: ClusterName | null, b: ClusterName | null): boolean {
  return a === b || (a !== null && b !== null && formatName(a) === formatName(b));
}

export function togglePinned(name: ClusterName): void {
  pinned.value = sameCluster(pinned.value, name) ? null : name;
}

/** For the address: ids and ways have no colon, and a tag's are escaped. */
export function formatName({ run, tag, way, id }: ClusterName): string {
  return `${id}:${way}:${encodeURIComponent(tag)}:${run}`;
}

export function parseName(text: string): ClusterName | undefined {
  const [, id, way, tag, run] = /^(\d+):(forward|feedback):([^:]+):(.*)$/s.exec(text) ?? [];
  if (id === undefined || tag === undefined || run === undefined) return undefined;
  try {
    return { id: Number(id), way: way as Way, tag: decodeURIComponent(tag), run };
  } catch {
    return undefined;
  }
}

/** The sample on the chosen way; `undefined`: it was not logged for this layer. */
export function placedOn(detail: ClusterDetail, chosen: Way): Placed | undefined {
  return chosen === "forward" ? detail.forward : detail.feedback;
}

/** For each cluster whether the filters leave it. */
export function shownClusters({ ids, purity, dominant }: ClusterPath): boolean[] {
  const [low, high, only] = [lowestPurity.value, highestPurity.value, onlyClass.value];
  return ids.map((_, c) => {
    const pure = purity[c] as number;
    // A slider at its end means no limit, also for a purity that rounding has put a little beyond.
    const within = (low === 0 || pure >= low) && (high === 1 || pure <= high);
    return within && (only === null || dominant[c] === only);
  });
}

/** The index of the cluster that is lit among these; `null`: none. One that is pointed at goes before the pinned one. */
export function litIn(run: string, tag: string, way: Way, path: ClusterPath): number | null {
  for (const name of [pointed.value, pinned.value]) {
    if (!name || name.run !== run || name.tag !== tag || name.way !== way) continue;
    const found = path.ids.indexOf(name.id);
    if (found >= 0) return found;
  }
  return null;
}

export const clusterBindings = [
  bind("way", way, "forward", oneOf<Way>(WAYS)),
  bind("colour_by", colourBy, "cluster", oneOf<(typeof COLOURINGS)[number]>(COLOURINGS)),
  adjusted(bind("purity_from", lowestPurity, 0, between(0, 1))),
  adjusted(bind("purity_to", highestPurity, 1, between(0, 1))),
  bind<number | null>("cluster_class", onlyClass, null, whole),
  bind<ClusterName | null>("cluster", pinned, null, parseName, (name) => (name ? formatName(name) : "")),
];
