/** Images with many small pictures on them, by content hash: fetched when the first of their pictures is drawn. */
import { fetchImage } from "../data/images.ts";
import { Blobs, type Lookup } from "./blobs.ts";

/** Their pixels, most of which the browser keeps no longer than it draws them. */
const BUDGET = 128 * 1024 * 1024;

const kept = new Blobs<HTMLImageElement>(BUDGET, fetchImage, (image) => 4 * image.naturalHeight * image.naturalWidth);

/** What calls this in an effect is called again when the sheet has arrived. */
export function sheet(run: string, hash: string): Lookup<HTMLImageElement> {
  return kept.look(run, hash);
}
