/** A map whose cells belong to clusters: which ones is all there is, so nothing lies between two of them. */
import type { ClusterPath } from "./clusters.ts";
import type { Extent } from "./explained.ts";

/** What the network computed, or what a feedback network made of the class probabilities. */
export type Way = "forward" | "feedback";

export class ClusterMap {
  readonly form = "clusters";
  readonly signed = false;
  readonly height: number;
  readonly width: number;
  #labels: Uint16Array | undefined;

  /** `compute` is called once, when the assignments are first needed: one for each position of the layer's grid. */
  constructor(
    readonly id: string,
    readonly way: Way,
    readonly path: ClusterPath,
    extent: Extent,
    private readonly compute: () => Uint16Array,
  ) {
    this.height = extent.height;
    this.width = extent.width;
  }

  /** The cluster of each position, as an index into the path's arrays. */
  get labels(): Uint16Array {
    this.#labels ??= this.compute();
    return this.#labels;
  }
}
