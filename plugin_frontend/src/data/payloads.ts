/** The kinds of records that the page can show. A new kind is a decoder here, and a panel in views/explanations/details.ts. */
import { type ClusterDetail, decodeClusters } from "./clusters.ts";
import { type CorrelationDetail, decodeCorrelations } from "./correlations.ts";
import type { ExplainedRecord } from "./explained.ts";
import { decodeHeatmaps, type HeatmapDetail } from "./heatmaps.ts";
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

export type Kind = Detail["kind"];

const DECODERS: Record<Kind, (key: string, payload: Uint8Array) => ExplainedRecord> = {
  HEATMAPS: decodeHeatmaps,
  SUPERPIXELS: decodeSuperpixels,
  OCCLUSION: decodeOcclusion,
  OCCLUSION_PAIRS: decodeOcclusionPairs,
  CORRELATIONS: decodeCorrelations,
  RECONSTRUCTIONS: decodeReconstructions,
  CLUSTERS: decodeClusters,
};

export const KINDS = Object.keys(DECODERS) as Kind[];

/** What the page asks for: records of samples, and those that have a view and a decoder of their own. */
export const LISTED_KINDS: readonly string[] = [...KINDS, "CHANNELS", "PROJECTION"];

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(DECODERS, kind);
}

/** Throws one sentence when the payload is malformed. `key` is that of the record, unique in its run. */
export function decodePayload(kind: Kind, key: string, payload: Uint8Array): ExplainedRecord {
  return DECODERS[kind](key, payload);
}
