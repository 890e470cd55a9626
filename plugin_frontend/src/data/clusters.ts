/** Decodes a Clusters payload: into which cluster of its layer each position of a sample falls, and what the clusters are. */

import { type Array as ArrayMessage, ClustersSchema, type ClusterPath as PathMessage } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, elementCount, validateArray } from "./arrays.ts";
import { ClusterMap, type Way } from "./cluster_map.ts";
import { checkLength, type ExplainedRecord, type Extent, explainedRecord, extentOf, known } from "./explained.ts";
import { type StoredPicture, storedPicture } from "./volumes.ts";

/** A part of a real image that a position sees, near the centroid of its cluster. */
export type Patch = {
  cluster: number;
  picture: StoredPicture;
  label: number | undefined;
  distance: number;
  /** Which of the images that were clustered. */
  sample: number;
  position: readonly number[];
  starts: readonly number[];
  stops: readonly number[];
};

/** The clusters of a layer. They are the same for all samples of a record. */
export type ClusterPath = {
  /** The layer's own: [h, w] or [d, h, w]. */
  grid: readonly number[];
  /** What each cluster is called, the same from step to step. */
  ids: readonly number[];
  /** How many there are; 0: none were known. */
  classes: number;
  /** [k, classes] share of each class among a cluster's positions. */
  histograms: Float32Array;
  shares: readonly number[];
  purity: readonly number[];
  entropy: readonly number[];
  /** The most frequent class of each; -1: none. */
  dominant: readonly number[];
  /** Mutual information of cluster and class as a share of the classes' entropy. */
  association: number | undefined;
  /** The nearest to each centroid first. */
  patches: readonly Patch[];
};

/** One sample among the clusters. */
export type Placed = {
  path: ClusterPath;
  map: ClusterMap;
  /** Log-probability of each class given the sample's assignments; they sum to 1. */
  evidence: Float32Array | undefined;
};

/** What a choice of k scored. */
export type ClusterCount = { clusters: number; silhouette: number };

export type ClusterDetail = {
  kind: "CLUSTERS";
  /** Of the layer among those analysed together: 0 is the first in the network. */
  order: number;
  /** Order of the layer at which the sample turns to its predicted class; the number of layers: at the output. */
  turning: number | undefined;
  /** How rarely a clustered image looks as strange as this one at the layer. */
  novelty: number | undefined;
  forward: Placed;
  feedback: Placed | undefined;
  /** The study that chose k, ascending. */
  counts: readonly ClusterCount[];
};

export function decodeClusters(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(ClustersSchema, payload);
  const n = message.samples.length;
  if (!message.forward) throw new Error("Clusters without assignments.");
  const extent = extentOfGrid(message, gridOf(message.forward));
  const forward = decodePath(`${key}/forward`, "forward", message.forward, n, extent);
  const feedback = message.feedback && decodePath(`${key}/feedback`, "feedback", message.feedback, n, extent);
  checkLength(message.turning, n);
  checkLength(message.novelty, n);
  const counts = message.counts
    .map(({ clusters, silhouette }) => ({ clusters, silhouette }))
    .sort((a, b) => a.clusters - b.clusters);
  return explainedRecord(message, [n, 1], extent, false, (index) => {
    const placed = forward(index);
    const turning = message.turning[index];
    const detail: ClusterDetail = {
      kind: "CLUSTERS",
      order: message.order,
      turning: turning !== undefined && turning < 0 ? undefined : turning,
      novelty: known(message.novelty[index]),
      forward: placed,
      feedback: feedback?.(index),
      counts,
    };
    return { map: placed.map, detail };
  });
}

/** The size of three projections of a grid side by side: along depth (h x w), along width (h x d), along height (d x w). */
export function projectedExtent([d = 0, h = 0, w = 0]: readonly number[]): Extent {
  return { height: Math.max(h, d), width: w + d + w };
}

/** Of the picture of a sample; the picture of a volume shows its projections. */
function extentOfGrid(message: Extent, grid: readonly number[]): Extent {
  const [height = 0, width = 0] = grid;
  return extentOf(message, grid.length === 3 ? projectedExtent(grid) : { height, width });
}

function gridOf({ assignments }: PathMessage): number[] {
  const grid = assignments?.shape.slice(1) ?? [];
  if (grid.length !== 2 && grid.length !== 3) throw new Error("Clusters without assignments.");
  if (grid.some((extent) => extent === 0)) throw new Error("Clusters of no extent.");
  return grid;
}

/** Where each sample is on a path. */
function decodePath(key: string, way: Way, message: PathMessage, n: number, extent: Extent): (index: number) => Placed {
  const grid = gridOf(message);
  const assignments = message.assignments as ArrayMessage;
  validateArray(assignments);
  const { ids, shares, purity, entropy, evidence, support } = message;
  const k = ids.length;
  if (k === 0) throw new Error("Clusters of which there is none.");
  if (new Set(ids).size !== k) throw new Error("Clusters with one name for several.");
  if (assignments.shape[0] !== n) throw new Error("Clusters that contradict their samples.");
  if ([shares, purity, entropy].some((column) => column.length !== k))
    throw new Error("Clusters that contradict their number.");
  const histograms = numbers(message.histograms, 2);
  if (histograms.shape[0] !== k) throw new Error("Histograms that contradict the clusters.");
  const classes = histograms.shape[1] as number;
  const votes = evidence && numbers(evidence, 2);
  if (votes && (votes.shape[0] !== n || votes.shape[1] !== classes))
    throw new Error("Evidence that contradicts the classes.");
  if (support) validateArray(support);
  if (support && String(support.shape) !== String(assignments.shape))
    throw new Error("Support that contradicts the assignments.");
  const size = grid.reduce((product, extent) => product * extent, 1);
  const all = Uint16Array.from(decodeValues(assignments, 0, elementCount(assignments)), (label) => {
    if (!(label >= 0 && label < k)) throw new Error("Assignments to clusters that do not exist.");
    return label;
  });

  const path: ClusterPath = {
    grid,
    ids,
    classes,
    histograms: histograms.values,
    shares,
    purity,
    entropy,
    dominant: ids.map((_, c) =>
      classes ? indexOfLargest(histograms.values.subarray(c * classes, (c + 1) * classes)) : -1,
    ),
    association: known(message.association),
    patches: message.patches.map(({ cluster, picture, label, distance, sample, position, starts, stops }) => {
      if (cluster >= k) throw new Error("Patches of clusters that do not exist.");
      const stored = picture ? storedPicture(picture) : { image: "", volume: "" };
      return { cluster, picture: stored, label, distance, sample, position, starts, stops };
    }),
  };
  return (index) => ({
    path,
    map: new ClusterMap(`${key}/${index}`, way, path, extent, () => all.subarray(index * size, (index + 1) * size)),
    evidence:
      votes && classes > 0 ? normalised(votes.values.subarray(index * classes, (index + 1) * classes)) : undefined,
  });
}

function numbers(array: ArrayMessage | undefined, dimensions: number) {
  if (array?.shape.length !== dimensions) throw new Error("Clusters without histograms.");
  validateArray(array);
  return { shape: array.shape, values: decodeValues(array, 0, elementCount(array)) };
}

/** Log-probabilities less the logarithm of their sum, whatever they were given as. */
function normalised(logs: Float32Array): Float32Array {
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(largest)) return logs;
  const total = largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0));
  return logs.map((log) => log - total);
}

export function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
