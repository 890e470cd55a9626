/** Decodes what the payloads of all kinds share: samples, their targets, and how far each can be trusted. */
import type { Better, Sample, Summary } from "../records/messages.ts";
import { idFrom } from "./ids.ts";
import type { AttributionMap } from "./maps.ts";
import type { Detail } from "./payloads.ts";

/** A number that says how far a map can be trusted, beside that of two maps that know nothing. */
export type Figure = {
  name: string;
  value: number;
  random: number | undefined;
  centred: number | undefined;
  better: Better;
};

/** A number that a record says of all it tells of. */
export type Measure = { name: string; value: number; better: Better };

/** A target without its map. */
export type SummarisedTarget = {
  /** -1: a target that is no class. */
  classIndex: number;
  probability: number | undefined;
  flags: number;
  figures: Figure[];
};

export type Target = SummarisedTarget & {
  map: AttributionMap;
  /** What only this kind of record knows. */
  detail: Detail;
};

export type ExplainedSample<T = Target> = {
  /** The same for the same image in every record of a run. */
  id: string;
  /** The same for the same pixels in all runs: the row of projections that shows it; 0: none was logged. */
  row: number;
  /** Content hash; empty when no image was logged. */
  image: string;
  label: number | undefined;
  predicted: number | undefined;
  probability: number | undefined;
  name: string;
  /** Content hash of the label map of its superpixels; empty when it has none. */
  segments: string;
  /** Content hash of its voxels, of which the image shows three projections; empty when it is an image. */
  volume: string;
  targets: T[];
};

export type ExplainedRecord = {
  samples: ExplainedSample[];
  classDependent: boolean;
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
  height: number;
  width: number;
};

/** The image of a sample; its maps have the same size. */
export type Extent = { height: number; width: number };

/**
 * A record for N samples of T targets, where `own` tells what is special about target `index` of N * T. Throws when the
 * message contradicts itself.
 */
export function explainedRecord(
  message: Summary,
  shape: readonly number[],
  extent: Extent,
  classDependent: boolean,
  own: (index: number, segments: string) => Pick<Target, "map" | "detail"> & Partial<Target>,
): ExplainedRecord {
  const samples = samplesOf(message, shape, own);
  return { samples, classDependent, classes: toHex(message.classes), ...extent };
}

/** The N samples of T targets each that a message tells of. Throws when it contradicts itself. */
export function samplesOf<Own extends object>(
  { samples, targets, probabilities, flags, figures }: Summary,
  [n = 0, t = 0]: readonly number[],
  own: (index: number, segments: string) => Own,
): ExplainedSample<SummarisedTarget & Own>[] {
  if (n !== samples.length || targets.length !== n * t) throw new Error("A record that contradicts its samples.");
  for (const known of [probabilities, flags, ...figures.flatMap(({ random, centred }) => [random, centred])])
    checkLength(known, n * t);
  if (figures.some(({ values }) => values.length !== n * t)) throw new Error("Figures that contradict their targets.");

  const targetAt = (index: number, segments: string) => ({
    classIndex: targets[index] ?? -1,
    probability: known(probabilities[index]),
    flags: flags[index] ?? 0,
    figures: figures.flatMap(({ name, values, random, centred, better }) => {
      const value = known(values[index]);
      return value === undefined
        ? []
        : [{ name, value, random: known(random[index]), centred: known(centred[index]), better }];
    }),
    ...own(index, segments),
  });
  return samples.map((sample, i) => {
    const described = describe(sample, i);
    return { ...described, targets: Array.from({ length: t }, (_, j) => targetAt(i * t + j, described.segments)) };
  });
}

/** No explained input has more pixels along a side. */
const LONGEST = 2 ** 16;

/**
 * The explained input's size as logged; where it is not known, another that has its proportions as far as they are known. Throws
 * when it is beyond all reason.
 */
export function extentOf(logged: Extent, otherwise: Extent = { height: 1, width: 1 }): Extent {
  const { height, width } = logged.height && logged.width ? logged : otherwise;
  if (!(height <= LONGEST && width <= LONGEST)) throw new Error("An input of no reasonable size.");
  return { height, width };
}

/** Throws unless there is one number for each of `count` targets, or none at all. */
export function checkLength(values: readonly number[], count: number): void {
  if (values.length !== 0 && values.length !== count) throw new Error("A record that contradicts its targets.");
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Those that are known. */
export function measuresOf(measures: readonly Measure[]): Measure[] {
  return measures
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ name, value, better }) => ({ name, value, better }));
}

/** NaN stands for what is not known. */
export function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

export function describe(sample: Sample, index: number): Omit<ExplainedSample, "targets"> {
  const image = toHex(sample.image);
  return {
    id: image || `#${index}`,
    row: idFrom(sample.id),
    image,
    label: sample.label,
    predicted: sample.predicted,
    probability: known(sample.probability),
    name: sample.name,
    segments: toHex(sample.segments),
    volume: toHex(sample.volume),
  };
}
