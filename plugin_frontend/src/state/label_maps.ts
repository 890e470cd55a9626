/** Label maps, by content hash. */
import { fetchBlob } from "../data/client.ts";
import { decodeLabelMap, type LabelMap } from "../data/label_maps.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<LabelMap>(
  64 * 1024 * 1024,
  async (run, hash) => decodeLabelMap(await fetchBlob("labels", run, hash)),
  ({ labels }) => labels.byteLength,
);

export function labelMap(run: string, hash: string): Lookup<LabelMap> {
  return kept.look(run, hash);
}
