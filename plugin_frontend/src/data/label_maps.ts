/** Decodes label maps: which superpixel each pixel belongs to. */
import { fromBinary } from "@bufbuild/protobuf";
import { LabelMapSchema } from "../records/explain_pb.ts";

export type LabelMap = {
  height: number;
  width: number;
  /** Labels are 0 to `count - 1`. */
  count: number;
  /** [height, width], row-major. */
  labels: Uint16Array;
};

/** A few bytes can inflate to gigabytes: no explained image has more pixels than this. */
const MOST_PIXELS = 2 ** 26;

export async function decodeLabelMap(payload: Uint8Array): Promise<LabelMap> {
  const { height, width, count, deflated } = fromBinary(LabelMapSchema, payload);
  const pixels = height * width;
  if (pixels === 0 || pixels > MOST_PIXELS) throw new Error("A label map of no reasonable size.");
  const bytes = await inflate(deflated, 2 * pixels);
  const labels = new Uint16Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const label = (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);
    if (label >= count) throw new Error("A label map with labels beyond its count.");
    labels[i] = label;
  }
  return { height, width, count, labels };
}

/** Inflates a zlib stream that must have `expected` bytes, and stops once it has more. */
async function inflate(deflated: Uint8Array, expected: number): Promise<Uint8Array> {
  const reader = new Blob([deflated as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"))
    .getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error("A label map that cannot be inflated.");
    });
    if (done) break;
    length += value.length;
    if (length > expected) {
      void reader.cancel();
      break;
    }
    chunks.push(value);
  }
  if (length !== expected) throw new Error("A label map that does not fit its size.");
  const bytes = new Uint8Array(expected);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
