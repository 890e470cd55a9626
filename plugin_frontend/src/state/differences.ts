/** Differences between images, computed when first drawn. */
import { imageAddress } from "../data/client.ts";
import { type ImageDifference, imageDifference } from "../data/differences.ts";
import { Blobs, type Lookup } from "./blobs.ts";

const kept = new Blobs<ImageDifference>(32 * 1024 * 1024, compute, ({ values }) => values.byteLength);

/** Between two images by content hash; `null` also when they differ in size. */
export function differenceOf(run: string, from: string, to: string): Lookup<ImageDifference> {
  return kept.look(run, from && to && `${from} ${to}`);
}

export function forgetDifferences(): void {
  kept.forget();
}

async function compute(run: string, pair: string): Promise<ImageDifference> {
  const [from, to] = await Promise.all(pair.split(" ").map((hash) => pixelsOf(imageAddress(run, hash))));
  if (!from || from.width !== to?.width || from.height !== to.height) throw new Error("Images of different sizes.");
  const { height, width } = from;
  return { height, width, values: imageDifference(from.data, to.data) };
}

async function pixelsOf(address: string): Promise<ImageData> {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("There is no canvas to read the image from.");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
