/** Decodes the dense arrays of explain.proto: value = offset + scale * stored. */
import { type Array as ArrayMessage, DType } from "../records/messages.ts";

const ITEM_SIZE: Partial<Record<DType, number>> = {
  [DType.UINT8]: 1,
  [DType.UINT16]: 2,
  [DType.INT32]: 4,
  [DType.FLOAT16]: 2,
  [DType.FLOAT32]: 4,
};

/** How many axes an array has at most, and how many values are decoded at once: 4096 x 4096. */
const MOST_AXES = 16;
export const MOST_VALUES = 2 ** 24;

export function elementCount(array: ArrayMessage): number {
  return array.shape.reduce((product, extent) => product * extent, 1);
}

/** Throws when the array contradicts itself, so that everything behind this door may trust it. */
export function validateArray(array: ArrayMessage): void {
  const itemSize = ITEM_SIZE[array.dtype];
  if (!itemSize) throw new Error(`Arrays of type ${array.dtype} are not known to this version.`);
  if (array.shape.length > MOST_AXES) throw new Error("An array of more axes than can be shown.");
  const count = elementCount(array);
  if (array.data.length !== count * itemSize) throw new Error("An array's data does not fit its shape.");
  for (const factors of [array.scale, array.offset])
    if (factors.length && count % factors.length) throw new Error("An array's scale does not fit its shape.");
}

/** The values of elements [start, start + count) of a valid array. */
export function decodeValues(array: ArrayMessage, start: number, count: number): Float32Array {
  if (count > MOST_VALUES) throw new Error("An array of more values than can be shown.");
  const total = elementCount(array);
  const { scale, offset } = array;
  const perScale = total / (scale.length || 1);
  const perOffset = total / (offset.length || 1);
  const stored = storedReader(array);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = start + i;
    const factor = scale.length ? (scale[Math.floor(at / perScale)] ?? 1) : 1;
    const shift = offset.length ? (offset[Math.floor(at / perOffset)] ?? 0) : 0;
    values[i] = shift + factor * stored(at);
  }
  return values;
}

function storedReader({ dtype, data }: ArrayMessage): (at: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (dtype) {
    case DType.UINT16:
      return (at) => view.getUint16(2 * at, true);
    case DType.INT32:
      return (at) => view.getInt32(4 * at, true);
    case DType.FLOAT16:
      return (at) => halfToNumber(view.getUint16(2 * at, true));
    case DType.FLOAT32:
      return (at) => view.getFloat32(4 * at, true);
    default:
      return (at) => view.getUint8(at);
  }
}

/** IEEE 754 binary16; browsers learned to read it only recently. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
