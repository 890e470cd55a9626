/** Decodes a Heatmaps payload into the samples, targets and maps that the views speak of. */
import { fromBinary } from "@bufbuild/protobuf";
import { type Array as ArrayMessage, type Heatmaps, HeatmapsSchema, type Sample } from "../records/explain_pb.ts";
import { decodeValues, validateArray } from "./arrays.ts";

export type Range = { low: number; high: number };

/** One attribution map. It covers the explained input, `height` by `width` pixels, entirely. */
export class AttributionMap {
  #values: Float32Array | undefined;
  #range: Range | undefined;

  constructor(
    readonly id: string,
    private readonly array: ArrayMessage,
    private readonly index: number,
    readonly rows: number,
    readonly columns: number,
    readonly height: number,
    readonly width: number,
    readonly signed: boolean,
  ) {}

  get values(): Float32Array {
    const size = this.rows * this.columns;
    this.#values ??= decodeValues(this.array, this.index * size, size);
    return this.#values;
  }

  get range(): Range {
    this.#range ??= rangeOf(this.values);
    return this.#range;
  }
}

export type Target = {
  /** -1: a target that is no class. */
  classIndex: number;
  probability: number | undefined;
  flags: number;
  map: AttributionMap;
};

export type ExplainedSample = {
  /** The same for the same image in every record of a run. */
  id: string;
  /** Content hash; empty when no image was logged. */
  image: string;
  label: number | undefined;
  predicted: number | undefined;
  probability: number | undefined;
  name: string;
  targets: Target[];
};

export type HeatmapRecord = {
  samples: ExplainedSample[];
  signed: boolean;
  classDependent: boolean;
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
  height: number;
  width: number;
  bytes: number;
};

export function decodeHeatmaps(key: string, payload: Uint8Array): HeatmapRecord {
  const message = fromBinary(HeatmapsSchema, payload);
  const { maps, samples } = message;
  if (maps?.shape.length !== 4) throw new Error("Heatmaps without maps.");
  validateArray(maps);
  const [n = 0, t = 0, rows = 0, columns = 0] = maps.shape;
  if (n !== samples.length || message.targets.length !== n * t)
    throw new Error("Heatmaps that contradict their samples.");
  if (rows * columns === 0) throw new Error("Heatmaps of no extent.");

  const height = message.height || rows;
  const width = message.width || columns;
  const target = (index: number): Target => ({
    classIndex: message.targets[index] ?? -1,
    probability: known(message.probabilities[index]),
    flags: message.flags[index] ?? 0,
    map: new AttributionMap(`${key}/${index}`, maps, index, rows, columns, height, width, message.signed),
  });
  return {
    samples: samples.map((sample, i) => ({
      ...describe(sample, i),
      targets: Array.from({ length: t }, (_, j) => target(i * t + j)),
    })),
    ...properties(message),
    height,
    width,
    bytes: payload.length,
  };
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function properties(message: Heatmaps) {
  return { signed: message.signed, classDependent: message.classDependent, classes: toHex(message.classes) };
}

function describe(sample: Sample, index: number) {
  const image = toHex(sample.image);
  return {
    id: image || `#${index}`,
    image,
    label: sample.label,
    predicted: sample.predicted,
    probability: known(sample.probability),
    name: sample.name,
  };
}

function known(probability: number | undefined): number | undefined {
  return probability === undefined || Number.isNaN(probability) ? undefined : probability;
}

function rangeOf(values: Float32Array): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}
