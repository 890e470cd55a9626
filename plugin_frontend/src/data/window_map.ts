/** A map made of windows: a pixel has the mean value of those that cover it. */
import { coverMap } from "./cover_map.ts";
import type { Extent } from "./explained.ts";
import { type Range, rangeOf } from "./maps.ts";
import type { Windows } from "./windows.ts";

/** Pixels along the longer side at which the range is taken: enough for the images that networks look at. */
const FINEST = 512;

/** Not kept as pixels: there are far more of them than windows. */
export class WindowMap {
  readonly form = "windows";
  readonly signed = true;
  readonly height: number;
  readonly width: number;
  #values: Float32Array | undefined;
  #range: Range | undefined;

  /** `compute` is called once, when the values of the windows are first needed. */
  constructor(
    readonly id: string,
    private readonly windows: Windows,
    extent: Extent,
    private readonly compute: () => Float32Array,
  ) {
    this.height = extent.height;
    this.width = extent.width;
  }

  /** The map on a raster of `rows` x `columns`. */
  raster(rows: number, columns: number): Float32Array {
    this.#values ??= this.compute();
    return coverMap(this.windows, this.#values, this.height, this.width, rows, columns);
  }

  get range(): Range {
    const scale = Math.min(1, FINEST / Math.max(this.height, this.width));
    const [rows, columns] = [this.height, this.width].map((side) => Math.max(1, Math.round(side * scale)));
    this.#range ??= rangeOf(this.raster(rows as number, columns as number));
    return this.#range;
  }
}
