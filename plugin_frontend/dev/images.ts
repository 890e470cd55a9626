// The invented images: a disc on a gradient, somewhere else in each, and the superpixels that they are cut into.
import { crc32, deflateSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { LabelMapSchema } from "../src/records/explain_pb.ts";

export const SAMPLES = 40;
export const SIDE = 64;
export const CLASSES = 6;
/** Superpixels a side. */
const BLOCKS = 6;
export const SUPERPIXELS = BLOCKS * BLOCKS;

export const IMAGE_HASHES = Array.from({ length: SAMPLES }, (_, i) => i.toString(16).padStart(32, "0"));
export const LABELS_HASH = "5e9".padEnd(32, "0"); // all images are cut alike

export const labelOf = (i: number) => (7 * i) % CLASSES;

/** Where the disc is, from 0 to 1. */
export const centreOf = (i: number): [number, number] => [
  0.25 + 0.5 * ((i * 0.618) % 1),
  0.25 + 0.5 * ((i * 0.382) % 1),
];

/** A PNG of one disc on a gradient. */
export function image(i: number): Uint8Array {
  const [x, y] = centreOf(i);
  const rows = Buffer.alloc(SIDE * (1 + 3 * SIDE));
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const inside = (column / SIDE - x) ** 2 + (row / SIDE - y) ** 2 < 0.03;
      const colour = inside ? [235, 120 + 20 * labelOf(i), 60] : [70 + row, 110 + column / 2, 120 + ((i * 31) % 90)];
      rows.set(colour, row * (1 + 3 * SIDE) + 1 + 3 * column);
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** The middle of a superpixel, from 0 to 1. */
export const middleOf = (superpixel: number): [number, number] => [
  ((superpixel % BLOCKS) + 0.5) / BLOCKS,
  (Math.floor(superpixel / BLOCKS) + 0.5) / BLOCKS,
];

/** Blocks with wavy borders. */
export function labels(): Uint8Array {
  const block = (at: number, across: number) =>
    Math.min(BLOCKS - 1, Math.max(0, Math.floor((BLOCKS * (at + 3 * Math.sin(across / 7))) / SIDE)));
  const stored = Buffer.alloc(2 * SIDE * SIDE);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) stored.writeUInt16LE(BLOCKS * block(y, x) + block(x, y), 2 * (SIDE * y + x));
  const deflated = deflateSync(stored);
  return toBinary(LabelMapSchema, create(LabelMapSchema, { height: SIDE, width: SIDE, count: SUPERPIXELS, deflated }));
}
