/** Label maps, by content hash. */
import { fetchLabelMap } from "../data/client.ts";
import type { LabelMap } from "../data/label_maps.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<LabelMap>(64 * 1024 * 1024, fetchLabelMap, ({ labels }) => labels.byteLength);

export function labelMap(run: string, hash: string): Lookup<LabelMap> {
  return kept.look(run, hash);
}

export function forgetLabelMaps(): void {
  kept.forget();
}
