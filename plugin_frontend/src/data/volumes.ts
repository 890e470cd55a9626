/** Decodes volumes: voxels from 0 (empty) to 255. */

import { type Picture, VolumeSchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { toHex } from "./explained.ts";
import { inflate } from "./inflate.ts";

export type Volume = {
  depth: number;
  height: number;
  width: number;
  /** [depth, height, width], row-major. */
  voxels: Uint8Array;
};

/** An image, or voxels of which the image shows three projections: content hashes, empty where there is none. */
export type StoredPicture = { image: string; volume: string };

/** A few bytes can inflate to gigabytes: 256 a side are more than a browser can show. */
const MOST_VOXELS = 2 ** 24;

export async function decodeVolume(payload: Uint8Array): Promise<Volume> {
  const { depth, height, width, deflated } = fromBinary(VolumeSchema, payload);
  const count = depth * height * width;
  if (count === 0 || count > MOST_VOXELS) throw new Error("A volume of no reasonable size.");
  return { depth, height, width, voxels: await inflate(deflated, count, "A volume") };
}

export function storedPicture({ image, volume }: Picture): StoredPicture {
  return { image: toHex(image), volume: toHex(volume) };
}
