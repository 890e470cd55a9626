/** Volumes, by content hash. */
import { fetchBlob } from "../data/client.ts";
import { decodeVolume, type Volume } from "../data/volumes.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<Volume>(
  64 * 1024 * 1024,
  async (run, hash) => decodeVolume(await fetchBlob("volume", run, hash)),
  ({ voxels }) => voxels.byteLength,
);

export function volume(run: string, hash: string): Lookup<Volume> {
  return kept.look(run, hash);
}
