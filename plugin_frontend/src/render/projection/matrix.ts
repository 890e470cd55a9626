/** Paints a matrix of classes, one pixel a cell. */

/**
 * Rows and columns in `order`; colours span the values off the diagonal, which would drown the others. Without `diagonal`
 * it is left empty.
 */
export function paintMatrix(
  pixels: Uint32Array,
  values: Float32Array,
  order: readonly number[],
  lut: Uint32Array,
  diagonal: boolean,
): void {
  const n = order.length;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const value = values[i * n + j] as number;
      if (i === j || Number.isNaN(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  const span = high - low || 1;
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const value = values[(order[y] as number) * n + (order[x] as number)] as number;
      const share = Math.min(1, Math.max(0, (value - low) / span));
      const empty = Number.isNaN(value) || (x === y && !diagonal);
      pixels[y * n + x] = empty ? 0 : (lut[Math.round(share * (lut.length - 1))] as number);
    }
}
