/** Bilinear resampling of a map in value space, before any colour: thresholds stay crisp and colours exact. */

/**
 * Resamples `values` (rows x columns) to height x width. The map covers the target entirely and values belong to the
 * centres of their cells ("align_corners=False"); beyond the outermost centres the edge value continues.
 */
export function upsample(
  values: Float32Array,
  rows: number,
  columns: number,
  height: number,
  width: number,
): Float32Array {
  const horizontal = taps(columns, width);
  const vertical = taps(rows, height);
  const result = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const above = (vertical.first[y] as number) * columns;
    const below = (vertical.second[y] as number) * columns;
    const v = vertical.weight[y] as number;
    for (let x = 0; x < width; x++) {
      const left = horizontal.first[x] as number;
      const right = horizontal.second[x] as number;
      const h = horizontal.weight[x] as number;
      const top = (values[above + left] as number) * (1 - h) + (values[above + right] as number) * h;
      const bottom = (values[below + left] as number) * (1 - h) + (values[below + right] as number) * h;
      result[y * width + x] = top * (1 - v) + bottom * v;
    }
  }
  return result;
}

/** For every target position the two source cells it lies between and the weight of the second. */
function taps(source: number, target: number) {
  const first = new Int32Array(target);
  const second = new Int32Array(target);
  const weight = new Float64Array(target);
  for (let i = 0; i < target; i++) {
    const at = Math.min(source - 1, Math.max(0, ((i + 0.5) * source) / target - 0.5));
    first[i] = Math.floor(at);
    second[i] = Math.min(source - 1, Math.floor(at) + 1);
    weight[i] = at - Math.floor(at);
  }
  return { first, second, weight };
}

/** The size of a canvas with the input's proportions whose longer side has `longest` pixels. */
export function canvasSize(height: number, width: number, longest: number): { height: number; width: number } {
  const factor = longest / Math.max(height, width);
  return { height: Math.max(1, Math.round(height * factor)), width: Math.max(1, Math.round(width * factor)) };
}
