/** Sheets of small pictures: which image a picture is on, and where. */
import { DType, type Thumbnails } from "../records/messages.ts";
import { type Column, columnOf } from "./columns.ts";

/** Each image has `down` by `across` tiles of `height` by `width` pixels. */
export type Sheets = {
  height: number;
  width: number;
  down: number;
  across: number;
  /** UINT8 [S, 16]: content hashes of the images. */
  hashes: Column;
};

/** `undefined`: there are none. Throws when they are not for `count` pictures. */
export function sheetsOf(message: Thumbnails | undefined, count: number): Sheets | undefined {
  const hashes = columnOf(message?.sheets);
  if (!message || !hashes) return undefined;
  const { height, width, down, across } = message;
  if (height * width * down * across === 0) throw new Error("Sheets of pictures of no extent.");
  if (hashes.dtype !== DType.UINT8) throw new Error("Sheets of pictures that are no hashes.");
  if (String(hashes.shape) !== String([Math.ceil(count / (down * across)), 16]))
    throw new Error("Sheets that contradict the number of their pictures.");
  return { height, width, down, across, hashes };
}

/** On which sheet picture `index` is, and its left upper pixel there. */
export function placeOf({ height, width, down, across }: Sheets, index: number) {
  const within = index % (down * across);
  return {
    sheet: Math.floor(index / (down * across)),
    x: width * (within % across),
    y: height * Math.floor(within / across),
  };
}

/** The content hash in row `sheet` of the hashes. */
export function sheetHash(hashes: Uint8Array, sheet: number): string {
  let hash = "";
  for (const byte of hashes.subarray(16 * sheet, 16 * sheet + 16)) hash += byte.toString(16).padStart(2, "0");
  return hash;
}
