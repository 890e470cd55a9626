/** Differences between images, computed when first drawn. */
import { type ImageDifference, imageDifference } from "../data/differences.ts";
import { fetchPixels } from "../data/images.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<ImageDifference>(32 * 1024 * 1024, compute, ({ values }) => values.byteLength);

/** Between two images by content hash; `null` also when they differ in size. */
export function differenceOf(run: string, from: string, to: string): Lookup<ImageDifference> {
  return kept.look(run, from && to && `${from} ${to}`);
}

async function compute(run: string, pair: string): Promise<ImageDifference> {
  const [from, to] = await Promise.all(pair.split(" ").map((hash) => fetchPixels(run, hash)));
  if (!from || from.width !== to?.width || from.height !== to.height) throw new Error("Images of different sizes.");
  const { height, width } = from;
  return { height, width, values: imageDifference(from.data, to.data) };
}
