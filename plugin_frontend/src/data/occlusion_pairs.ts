/** Decodes OcclusionPairs payloads: the target's score while two windows are hidden at once, one held and one moved. */

import {
  type Array as ArrayMessage,
  OcclusionPairsSchema,
  type Windows as WindowsMessage,
} from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, elementCount, validateArray } from "./arrays.ts";
import { type ExplainedRecord, type Extent, explainedRecord, extentOf } from "./explained.ts";
import { reachOf } from "./occlusion.ts";
import { WindowMap } from "./window_map.ts";
import { MOST_WINDOWS, overlap, type Windows } from "./windows.ts";

/** `joint`: what the score loses when both are hidden. `interaction`: what each loses alone, summed, less that. */
export type PairView = "joint" | "interaction";

/** What hiding two windows at once does to a target. d(p) is the drop by one window, J(p, q) that by two. */
export class WindowPairs {
  /** By view: for every held window the mean over the moved ones. */
  readonly overview: Record<PairView, WindowMap>;
  readonly #drops: { held: Float32Array; moved: Float32Array };

  constructor(
    private readonly id: string,
    readonly held: Windows,
    readonly moved: Windows,
    private readonly extent: Extent,
    private readonly intact: number,
    alone: { held: Float32Array; moved: Float32Array },
    private readonly decodeScores: (held: number) => Float32Array,
  ) {
    const drop = (score: number) => intact - score;
    this.#drops = { held: alone.held.map(drop), moved: alone.moved.map(drop) };
    const mean = (view: PairView) =>
      new WindowMap(`${id}/${view}`, held, extent, () => held.tops.map((_, p) => this.mean(p, view)));
    this.overview = { joint: mean("joint"), interaction: mean("interaction") };
  }

  /** Over all moved windows while one is held; NaN when no value is known. */
  mean(p: number, view: PairView): number {
    const known = this.over(p, view).filter(Number.isFinite);
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  }

  heldDrop(p: number): number {
    return this.#drops.held[p] as number;
  }

  movedDrop(q: number): number {
    return this.#drops.moved[q] as number;
  }

  overlap(p: number, q: number): boolean {
    return overlap(this.held, p, this.moved, q);
  }

  /**
   * The values of all moved windows while one is held. The interaction with windows that overlap the held one is NaN: they hide
   * the same pixels twice, which says nothing about the image.
   */
  over(p: number, view: PairView): Float32Array {
    const joint = this.decodeScores(p).map((score) => this.intact - score);
    if (view === "joint") return joint;
    return joint.map((j, q) => (this.overlap(p, q) ? Number.NaN : this.heldDrop(p) + this.movedDrop(q) - j));
  }

  /** The map over the moved windows while one is held. */
  mapOver(p: number, view: PairView): WindowMap {
    return new WindowMap(`${this.id}/${view}/${p}`, this.moved, this.extent, () => this.over(p, view));
  }
}

export type PairDetail = {
  kind: "OCCLUSION_PAIRS";
  /** What scores are: `probability`, `logit` or `log-odds`. */
  score: string;
  /** The target's score with nothing hidden. */
  intact: number;
  pairs: WindowPairs;
};

export function decodeOcclusionPairs(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(OcclusionPairsSchema, payload);
  const { score, scores, pairs } = message;
  if (pairs?.shape.length !== 4) throw new Error("Pairs of windows without scores.");
  validateArray(pairs);
  const [n = 0, t = 0, h = 0, m = 0] = pairs.shape;
  if (h * m > MOST_WINDOWS) throw new Error("More pairs of windows than can be shown.");
  if (n * t === 0) throw new Error("Pairs of windows of no samples or targets.");
  const held = readWindows(message.held, [n, t, h]);
  const moved = readWindows(message.moved, [n, t, m]);
  if (scores.length !== n * t) throw new Error("Pairs of windows without the scores of what is not hidden.");

  const extent = extentOf(message, reachOf([held.windows, moved.windows]));
  return explainedRecord(message, [n, t], extent, true, (index) => {
    const intact = scores[index] as number;
    const alone = { held: held.alone(index), moved: moved.alone(index) };
    const decode = (p: number) => decodeValues(pairs, (index * h + p) * m, m);
    const own = new WindowPairs(`${key}/${index}`, held.windows, moved.windows, extent, intact, alone, decode);
    return { map: own.overview.joint, detail: { kind: "OCCLUSION_PAIRS", score, intact, pairs: own } };
  });
}

function readWindows(message: WindowsMessage | undefined, [n, t, count]: readonly [number, number, number]) {
  const corners = message?.corners;
  const alone = message?.alone;
  if (!message || message.height === 0 || message.width === 0) throw new Error("Windows of no extent.");
  if (!corners || !alone || count === 0) throw new Error("Windows without places or scores.");
  validateArray(corners);
  validateArray(alone);
  if (String(corners.shape) !== String([count, 2]) || String(alone.shape) !== String([n, t, count]))
    throw new Error("Windows that contradict the scores of their pairs.");
  return { windows: windowsAt(message, corners), alone: (index: number) => decodeValues(alone, index * count, count) };
}

function windowsAt({ height, width }: WindowsMessage, corners: ArrayMessage): Windows {
  const flat = decodeValues(corners, 0, elementCount(corners));
  return {
    height,
    width,
    tops: flat.filter((_, i) => i % 2 === 0),
    lefts: flat.filter((_, i) => i % 2 === 1),
  };
}
