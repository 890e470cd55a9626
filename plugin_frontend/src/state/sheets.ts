/** Images with many small pictures on them, by content hash: fetched when the first of their pictures is drawn. */
import { imageAddress } from "../data/client.ts";
import { Blobs, type Lookup } from "./blobs.ts";

/** Their pixels, most of which the browser keeps no longer than it draws them. */
const BUDGET = 128 * 1024 * 1024;

const kept = new Blobs<HTMLImageElement>(BUDGET, fetchSheet, (image) => 4 * image.naturalHeight * image.naturalWidth);

/** What calls this in an effect is called again when the sheet has arrived. */
export function sheet(run: string, hash: string): Lookup<HTMLImageElement> {
  return kept.look(run, hash);
}

export function forgetSheets(): void {
  kept.forget();
}

async function fetchSheet(run: string, hash: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = imageAddress(run, hash);
  await image.decode();
  return image;
}
