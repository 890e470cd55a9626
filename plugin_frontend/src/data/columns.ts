/** Columns: arrays whose values lie in a payload of their own, named by content hash. */
import { type Column as ColumnMessage, DType } from "../records/messages.ts";
import { halfToNumber } from "./arrays.ts";
import { toHex } from "./explained.ts";

/** Among class indices and categories: not known. */
export const UNKNOWN = 0xffff;

/** What is known of a column before its values are fetched. */
export type Column = {
  hash: string;
  dtype: DType;
  shape: readonly number[];
  /** value = offset + scale * stored, if scale is not 0. */
  scale: number;
  offset: number;
};

export type Stored = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array;

/** How a value is stored. Of halves there are the bits, and of 64-bit numbers both halves, the lower one first. */
const VIEWS: Partial<Record<DType, (buffer: ArrayBuffer) => Stored>> = {
  [DType.UINT8]: (buffer) => new Uint8Array(buffer),
  [DType.UINT16]: (buffer) => new Uint16Array(buffer),
  [DType.INT32]: (buffer) => new Int32Array(buffer),
  [DType.FLOAT16]: (buffer) => new Uint16Array(buffer),
  [DType.FLOAT32]: (buffer) => new Float32Array(buffer),
  [DType.UINT32]: (buffer) => new Uint32Array(buffer),
  [DType.UINT64]: (buffer) => new Uint32Array(buffer),
};

const BYTES: Partial<Record<DType, number>> = {
  [DType.UINT8]: 1,
  [DType.UINT16]: 2,
  [DType.INT32]: 4,
  [DType.FLOAT16]: 2,
  [DType.FLOAT32]: 4,
  [DType.UINT32]: 4,
  [DType.UINT64]: 8,
};

/** What a column may take in memory. */
const MOST_BYTES = 2 ** 28;

/** `undefined`: there is none. Throws when the message is of a type that this version does not know, or of more values than a page can hold. */
export function columnOf(message: ColumnMessage | undefined): Column | undefined {
  if (!message || message.values.length === 0) return undefined;
  const { dtype, shape, scale, offset } = message;
  if (!BYTES[dtype]) throw new Error(`Columns of type ${dtype} are not known to this version.`);
  if (!(sizeOf(message) <= MOST_BYTES)) throw new Error("A column of more values than a page can hold.");
  return { hash: toHex(message.values), dtype, shape, scale, offset };
}

/** The values as they are stored, without a copy. Throws when there are not as many as the shape says. */
export function storedIn({ dtype, shape }: Column, buffer: ArrayBuffer): Stored {
  if (buffer.byteLength !== sizeOf({ dtype, shape })) throw new Error("A column's values do not fit its shape.");
  return (VIEWS[dtype] as (buffer: ArrayBuffer) => Stored)(buffer);
}

function sizeOf({ dtype, shape }: Pick<Column, "dtype" | "shape">): number {
  return shape.reduce((product, extent) => product * extent, BYTES[dtype] ?? 0);
}

/** The number at `index`; NaN for what is none. */
export function numberAt({ dtype, scale, offset }: Column, stored: Stored, index: number): number {
  if (dtype === DType.UINT64) return (stored[2 * index] as number) + 2 ** 32 * (stored[2 * index + 1] as number);
  const bits = stored[index] as number;
  const value = dtype === DType.FLOAT16 ? halfToNumber(bits) : bits;
  return scale ? offset + scale * value : value;
}

/** All numbers of a column, for those that are small: matrices of classes. */
export function numbersOf(column: Column, stored: Stored): Float32Array {
  const count = column.shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, i) => numberAt(column, stored, i));
}
