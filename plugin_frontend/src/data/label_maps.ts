/** Decodes label maps: which superpixel each pixel belongs to. */

import { LabelMapSchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { inflate } from "./inflate.ts";

export type LabelMap = {
  height: number;
  width: number;
  /** Labels are 0 to `count - 1`. */
  count: number;
  /** [height, width], row-major. */
  labels: Uint16Array;
};

/** A few bytes can inflate to gigabytes: no explained image has more pixels than this. */
const MOST_PIXELS = 2 ** 25;

export async function decodeLabelMap(payload: Uint8Array): Promise<LabelMap> {
  const { height, width, count, deflated } = fromBinary(LabelMapSchema, payload);
  const pixels = height * width;
  if (pixels === 0 || pixels > MOST_PIXELS) throw new Error("A label map of no reasonable size.");
  const bytes = await inflate(deflated, 2 * pixels, "A label map");
  const labels = new Uint16Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const label = (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);
    if (label >= count) throw new Error("A label map with labels beyond its count.");
    labels[i] = label;
  }
  return { height, width, count, labels };
}
