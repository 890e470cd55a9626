/** Decodes the records of all kinds of samples; loaded with the first of them. */
import { type ClusterDetail, decodeClusters } from "./clusters.ts";
import { type CorrelationDetail, decodeCorrelations } from "./correlations.ts";
import type { ExplainedRecord } from "./explained.ts";
import { decodeHeatmaps, type HeatmapDetail } from "./heatmaps.ts";
import type { Kind } from "./kinds.ts";
import { decodeOcclusion, type OcclusionDetail } from "./occlusion.ts";
import { decodeOcclusionPairs, type PairDetail } from "./occlusion_pairs.ts";
import { decodeReconstructions, type ReconstructionDetail } from "./reconstructions.ts";
import { decodeSuperpixels, type SuperpixelDetail } from "./superpixels.ts";

export type Detail =
  | HeatmapDetail
  | SuperpixelDetail
  | OcclusionDetail
  | PairDetail
  | CorrelationDetail
  | ClusterDetail
  | ReconstructionDetail;

const DECODERS: Record<Kind, (key: string, payload: Uint8Array) => ExplainedRecord> = {
  HEATMAPS: decodeHeatmaps,
  SUPERPIXELS: decodeSuperpixels,
  OCCLUSION: decodeOcclusion,
  OCCLUSION_PAIRS: decodeOcclusionPairs,
  CORRELATIONS: decodeCorrelations,
  RECONSTRUCTIONS: decodeReconstructions,
  CLUSTERS: decodeClusters,
};

/** Throws one sentence when the payload is malformed. `key` is that of the record, unique in its run. */
export function decodePayload(kind: Kind, key: string, payload: Uint8Array): ExplainedRecord {
  return DECODERS[kind](key, payload);
}
