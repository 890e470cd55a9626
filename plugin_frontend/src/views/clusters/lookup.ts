/** Finds layers and clusters among the records of the frame. */
import type { ClusterDetail, ClusterPath } from "../../data/clusters.ts";
import { type ClusterName, placedOn } from "../../state/clusters.ts";
import { type Frame, frame, type SeriesFrame } from "../../state/frame.ts";

/** What the records of a layer say of it, whichever sample is asked. Of several at one step the last one counts. */
export type Layer = { frame: SeriesFrame; detail: ClusterDetail /** Hash of the class names. */; classes: string };

function layerOfFrame(found: SeriesFrame): Layer | null {
  for (const record of found.records.toReversed()) {
    const detail = record?.samples[0]?.targets[0]?.detail;
    if (record && detail?.kind === "CLUSTERS") return { frame: found, detail, classes: record.classes };
  }
  return null;
}

/** The first layer of the network first. */
export function layersOf(frames: readonly SeriesFrame[]): Layer[] {
  return frames.flatMap((found) => layerOfFrame(found) ?? []).sort((a, b) => a.detail.order - b.detail.order);
}

export type FoundCluster = { layer: Layer; path: ClusterPath; c: number };

/** `null`: there is no such cluster at this step. */
export function findCluster(name: ClusterName, among: Frame | null = frame.value): FoundCluster | null {
  const found = among?.runs.get(name.run)?.find(({ series }) => series.kind === "CLUSTERS" && series.tag === name.tag);
  const layer = found && layerOfFrame(found);
  const path = layer && placedOn(layer.detail, name.way)?.path;
  const c = path?.ids.indexOf(name.id) ?? -1;
  return layer && path && c >= 0 ? { layer, path, c } : null;
}

/** Purity over all positions. */
export function meanPurity({ purity, shares }: ClusterPath): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return total > 0 ? purity.reduce((sum, pure, c) => sum + pure * (shares[c] as number), 0) / total : 0;
}

/** The most frequent classes of a cluster, and the share of all others together. */
export function classesOf({ histograms, classes }: ClusterPath, c: number, most: number) {
  const row = histograms.subarray(c * classes, (c + 1) * classes);
  const ranked = Array.from(row, (share, classIndex) => ({ classIndex, share }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share || a.classIndex - b.classIndex);
  const top = ranked.slice(0, most);
  const rest = ranked.slice(most);
  return { top, others: rest.length, share: rest.reduce((sum, { share }) => sum + share, 0) };
}
