/** Numbers as short text for the address: differences as varints in base64url. */

/** Ids, ascending; the order of what comes back. */
export function formatIds(ids: Float64Array): string {
  const bytes: number[] = [];
  let last = 0;
  for (const id of ids) {
    pushVarint(bytes, id - last);
    last = id;
  }
  return toBase64(bytes);
}

/** `undefined`: no such list. */
export function parseIds(text: string): Float64Array | undefined {
  const numbers = varintsOf(text);
  if (!numbers) return undefined;
  let last = 0;
  for (const [i, difference] of numbers.entries()) {
    last += difference;
    if ((difference === 0 && i > 0) || last > Number.MAX_SAFE_INTEGER) return undefined;
    numbers[i] = last;
  }
  return Float64Array.from(numbers);
}

/** Corners of a polygon in whole numbers: [x0, y0, x1, y1, ...]. */
export function formatCorners(corners: readonly number[]): string {
  const bytes: number[] = [];
  corners.forEach((value, i) => {
    const difference = value - (corners[i - 2] ?? 0);
    pushVarint(bytes, difference < 0 ? -2 * difference - 1 : 2 * difference);
  });
  return toBase64(bytes);
}

/** `undefined`: no polygon. */
export function parseCorners(text: string): number[] | undefined {
  const numbers = varintsOf(text);
  if (!numbers || numbers.length < 6 || numbers.length % 2) return undefined;
  const corners: number[] = [];
  for (const coded of numbers) {
    const difference = coded % 2 ? -(coded + 1) / 2 : coded / 2;
    corners.push(difference + (corners.at(-2) ?? 0));
  }
  return corners;
}

/** Without bitwise operators, which know 32 bits only. */
function pushVarint(bytes: number[], value: number): void {
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

function varintsOf(text: string): number[] | undefined {
  const bytes = fromBase64(text);
  if (!bytes) return undefined;
  const numbers: number[] = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte % 128) * factor;
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    if (byte >= 128) {
      factor *= 128;
      continue;
    }
    numbers.push(value);
    [value, factor] = [0, 1];
  }
  return factor === 1 ? numbers : undefined;
}

function toBase64(bytes: readonly number[]): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}
