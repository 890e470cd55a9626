/** The maps that a target can be drawn with: values on a grid of cells, one value a superpixel or a window, clusters, or a picture. */
import type { ClusterMap } from "./cluster_map.ts";
import type { StoredPicture } from "./volumes.ts";
import type { WindowMap } from "./window_map.ts";

export type Range = { low: number; high: number };

/** Values on a grid that covers the explained input, `height` by `width` pixels, entirely. */
export class PixelMap {
  readonly form = "pixels";
  #values: Float32Array | undefined;
  #range: Range | undefined;

  /** `compute` is called once, when the values are first needed: rows x columns, row-major. */
  constructor(
    readonly id: string,
    readonly rows: number,
    readonly columns: number,
    readonly height: number,
    readonly width: number,
    readonly signed: boolean,
    private readonly compute: () => Float32Array,
  ) {}

  get values(): Float32Array {
    this.#values ??= this.compute();
    return this.#values;
  }

  /** What the colours span. */
  get range(): Range {
    this.#range ??= this.rows * this.columns < SINGLE_PIXELS ? rangeOf(this.values) : bulkOf(this.values, this.signed);
    return this.#range;
  }
}

/** A weight for each superpixel of a label map, above 0 for the target and below 0 against it. */
export class SuperpixelMap {
  readonly form = "superpixels";
  readonly signed = true;
  #weights: Float32Array | undefined;
  #errors: Float32Array | undefined;
  #range: Range | undefined;

  constructor(
    readonly id: string,
    /** Content hash of the label map; empty when none was logged. */
    readonly segments: string,
    readonly height: number,
    readonly width: number,
    private readonly decodeWeights: () => Float32Array,
    private readonly decodeErrors: (() => Float32Array) | undefined,
  ) {}

  get weights(): Float32Array {
    this.#weights ??= this.decodeWeights();
    return this.#weights;
  }

  /** Standard errors of the weights, when they are known. */
  get errors(): Float32Array | undefined {
    this.#errors ??= this.decodeErrors?.();
    return this.#errors;
  }

  get range(): Range {
    this.#range ??= rangeOf(this.weights);
    return this.#range;
  }
}

/** No values but a picture of its own, shown in place of the image. */
export type PictureMap = {
  readonly form: "picture";
  readonly id: string;
  readonly picture: StoredPicture;
  readonly height: number;
  readonly width: number;
  readonly signed: false;
};

/** A map of values, which colours stand for. */
export type ValueMap = PixelMap | SuperpixelMap | WindowMap;

export type AttributionMap = ValueMap | ClusterMap | PictureMap;

export function hasValues(map: AttributionMap): map is ValueMap {
  return map.form !== "clusters" && map.form !== "picture";
}

/** Maps with as many values are of single pixels, a few of which stand out so far that on their range the others look alike. */
const SINGLE_PIXELS = 64 * 64;

/** The share of the values that such a map's range takes in. */
const BULK = 0.99;

/** The range of values without the largest 1 %: from their lowest, or about zero, up to their 99th percentile (of magnitudes). */
export function bulkOf(values: Float32Array, signed: boolean): Range {
  const { low, high } = rangeOf(values);
  const sorted = (signed ? values.map(Math.abs) : values.slice()).sort();
  const bulk = sorted[Math.ceil(BULK * sorted.length) - 1] ?? 0;
  if (signed) return bulk > 0 ? { low: Math.max(low, -bulk), high: Math.min(high, bulk) } : { low, high };
  return { low, high: bulk > low ? bulk : high };
}

export function rangeOf(values: Float32Array): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}
