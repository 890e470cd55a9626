/** Decodes Occlusion payloads: the target's score while a window is hidden, for every place of windows of several sizes. */

import { type Array as ArrayMessage, OcclusionSchema, type Slider } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, elementCount, validateArray } from "./arrays.ts";
import { type ExplainedRecord, type Extent, explainedRecord, extentOf } from "./explained.ts";
import { WindowMap } from "./window_map.ts";
import { gridWindows, MOST_WINDOWS, mediumOf, type Windows } from "./windows.ts";

/** What hiding windows of one size does to a target. */
export class OcclusionSlider {
  #scores: Float32Array | undefined;
  #drops: Float32Array | undefined;
  readonly map: WindowMap;

  constructor(
    id: string,
    /** Row by row. */
    readonly windows: Windows,
    extent: Extent,
    private readonly intact: number,
    private readonly decodeScores: () => Float32Array,
    private readonly decodePredicted: ((window: number) => number) | undefined,
  ) {
    this.map = new WindowMap(id, windows, extent, () => this.drops);
  }

  /** The target's score with this window hidden. */
  get scores(): Float32Array {
    this.#scores ??= this.decodeScores();
    return this.#scores;
  }

  /** What the score loses. */
  get drops(): Float32Array {
    this.#drops ??= this.scores.map((score) => this.intact - score);
    return this.#drops;
  }

  /** The most probable class with this window hidden, when the network has classes. */
  predicted(window: number): number | undefined {
    const found = this.decodePredicted?.(window);
    return found !== undefined && found >= 0 ? found : undefined;
  }
}

export type OcclusionDetail = {
  kind: "OCCLUSION";
  /** What scores are: `probability`, `logit` or `log-odds`. */
  score: string;
  /** The target's score with nothing hidden. */
  intact: number;
  /** The smallest windows first; there is at least one. */
  sliders: OcclusionSlider[];
};

export function decodeOcclusion(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(OcclusionSchema, payload);
  const { score, scores } = message;
  if (message.sliders.length === 0) throw new Error("Occlusion without windows.");
  const sliders = message.sliders
    .map(readSlider)
    .sort(({ windows: a }, { windows: b }) => a.height * a.width - b.height * b.width);
  const [first] = sliders;
  const [n = 0, t = 0] = first?.scores.shape ?? [];
  for (const { scores } of sliders)
    if (scores.shape[0] !== n || scores.shape[1] !== t) throw new Error("Windows of different samples or targets.");
  if (scores.length !== n * t) throw new Error("Occlusion without the scores of what is not hidden.");

  const extent = extentOf(message, reachOf(sliders.map(({ windows }) => windows)));
  return explainedRecord(message, [n, t], extent, true, (index) => {
    const intact = scores[index] as number;
    const own = sliders.map(({ windows, scores, predicted }, s) => {
      const places = windows.tops.length;
      const sample = Math.floor(index / t);
      return new OcclusionSlider(
        `${key}/${index}/${s}`,
        windows,
        extent,
        intact,
        () => decodeValues(scores, index * places, places),
        predicted && ((window) => decodeValues(predicted, sample * places + window, 1)[0] as number),
      );
    });
    return {
      map: (own[mediumOf(own.length)] as OcclusionSlider).map,
      detail: { kind: "OCCLUSION", score, intact, sliders: own },
    };
  });
}

function readSlider({ height, width, rows, columns, scores, predicted }: Slider) {
  if (height === 0 || width === 0) throw new Error("Windows of no extent.");
  const tops = list(rows);
  const lefts = list(columns);
  if (scores?.shape.length !== 4) throw new Error("Windows without scores.");
  validateArray(scores);
  const [n = 0, t = 0, ny = 0, nx = 0] = scores.shape;
  if (ny * nx > MOST_WINDOWS) throw new Error("More windows than can be shown.");
  if (n * t === 0) throw new Error("Windows of no samples or targets.");
  if (ny !== tops.length || nx !== lefts.length) throw new Error("Scores that contradict the places of their windows.");
  if (predicted) {
    validateArray(predicted);
    if (String(predicted.shape) !== String([n, ny, nx]))
      throw new Error("Predicted classes that contradict the places of their windows.");
  }
  return { windows: gridWindows(height, width, tops, lefts), scores, predicted };
}

function list(array: ArrayMessage | undefined): Float32Array {
  if (array?.shape.length !== 1 || array.shape[0] === 0) throw new Error("Windows without places.");
  validateArray(array);
  return decodeValues(array, 0, elementCount(array));
}

/** The smallest image that holds all of these windows. */
export function reachOf(all: readonly Windows[]): Extent {
  const reach = (start: "tops" | "lefts", length: "height" | "width") =>
    all.reduce((most, windows) => windows[start].reduce((a, b) => Math.max(a, b + windows[length]), most), 1);
  return { height: reach("tops", "height"), width: reach("lefts", "width") };
}
