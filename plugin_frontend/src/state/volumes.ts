/** Volumes, by content hash. */
import { fetchVolume } from "../data/client.ts";
import type { Volume } from "../data/volumes.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<Volume>(64 * 1024 * 1024, fetchVolume, ({ voxels }) => voxels.byteLength);

export function volume(run: string, hash: string): Lookup<Volume> {
  return kept.look(run, hash);
}

export function forgetVolumes(): void {
  kept.forget();
}
