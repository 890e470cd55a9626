// The invented payloads of all kinds: explanations that find the disc better the longer the model trains.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Kind } from "../src/data/kinds.ts";
import {
  type ArraySchema,
  Better,
  CorrelationsSchema,
  DType,
  Flag,
  HeatmapsSchema,
  OcclusionPairsSchema,
  OcclusionSchema,
  ReconstructionsSchema,
  type RelatedSchema,
  SuperpixelsSchema,
} from "../src/records/explain_pb.ts";
import { clusters } from "./clusters.ts";
import {
  CLASSES,
  centreOf,
  IMAGE_HASHES,
  LABELS_HASH,
  labelOf,
  middleOf,
  SAMPLES,
  SIDE,
  SUPERPIXELS,
} from "./images.ts";

const CLASSES_HASH = "c0ffee".padEnd(32, "0");
const TARGETS = 2;

/** How far training has come, from 0 to 1. */
type At = { run: number; step: number };
const learnedAt = ({ run, step }: At) => Math.min(1, (step + 400 * run) / 3000);

export function payload(kind: Kind, side: number, signed: boolean, at: At): Uint8Array {
  switch (kind) {
    case "HEATMAPS":
      return heatmaps(side, signed, at);
    case "SUPERPIXELS":
      return superpixels(at);
    case "CORRELATIONS":
      return correlations(at);
    case "CLUSTERS":
      return clusters(ofPredicted(at), side, learnedAt(at));
    case "OCCLUSION":
      return occlusion(at);
    case "OCCLUSION_PAIRS":
      return occlusionPairs(at);
    case "RECONSTRUCTIONS":
      return reconstructions(at);
  }
}

function floats(shape: number[], values: number[]): MessageInitShape<typeof ArraySchema> {
  return { dtype: DType.FLOAT32, shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

function integers(shape: number[], values: number[]): MessageInitShape<typeof ArraySchema> {
  return { dtype: DType.UINT16, shape, data: new Uint8Array(Uint16Array.from(values).buffer) };
}

/** One value for each sample and target, in order. */
function each<Value>(of: (i: number, t: number) => Value): Value[] {
  return Array.from({ length: SAMPLES * TARGETS }, (_, index) => of(Math.floor(index / TARGETS), index % TARGETS));
}

function shared(at: At) {
  const learned = learnedAt(at);
  const right = (i: number) => ((i * 37) % 100) / 100 < 0.2 + 0.75 * learned;
  const targets = each((i, t) => (labelOf(i) + (right(i) ? t : 1 - t)) % CLASSES);
  const probabilities = each((_, t) => (t ? 0.3 * (1 - learned) + 0.02 : 0.5 + 0.49 * learned));
  return {
    samples: IMAGE_HASHES.map((hash, i) => ({
      image: Buffer.from(hash, "hex"),
      segments: Buffer.from(LABELS_HASH, "hex"),
      label: labelOf(i),
      predicted: targets[TARGETS * i] ?? 0,
      probability: probabilities[TARGETS * i] ?? 0,
      name: `image_${i}.png`,
    })),
    targets,
    probabilities,
    classes: Buffer.from(CLASSES_HASH, "hex"),
    height: SIDE,
    width: SIDE,
    figures: [
      {
        name: "deletion",
        values: each((i) => 0.2 + 0.3 * (1 - learned) + 0.1 * Math.sin(i)),
        random: each(() => 0.45),
        better: Better.LOWER,
      },
      { name: "insertion", values: each((i) => 0.4 + 0.4 * learned + 0.1 * Math.sin(3 * i)), better: Better.HIGHER },
    ],
  };
}

/** What is shared where the predicted class is the only target. */
function ofPredicted(at: At) {
  const { targets, probabilities, figures: _, ...rest } = shared(at);
  const first = (values: number[]) => values.filter((_, index) => index % TARGETS === 0);
  return { ...rest, targets: first(targets), probabilities: first(probabilities) };
}

/** How much a place of the image speaks for a target: the disc does, for the second target a place beside it. */
function evidence(i: number, t: number, x: number, y: number, at: At): number {
  const learned = learnedAt(at);
  const [cx, cy] = centreOf(i + t * 3 * (1 - learned));
  return Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.02 + 0.1 * (1 - learned)));
}

function heatmaps(side: number, signed: boolean, at: At): Uint8Array {
  const dead = (i: number, t: number) => i === 5 && t === 0;
  const data = each((i, t) =>
    Array.from({ length: side * side }, (_, p) => {
      const heat = evidence(i, t, ((p % side) + 0.5) / side, (Math.floor(p / side) + 0.5) / side, at);
      const noise = signed ? 0.5 * Math.sin(p * 12.9898 + i) * heat : 0;
      if (dead(i, t)) return signed ? 127 : 0;
      return Math.round(signed ? 127 + 127 * (heat * 0.7 + noise - 0.15) : 255 * heat);
    }),
  );
  const message = create(HeatmapsSchema, {
    ...shared(at),
    flags: each((i, t) => (dead(i, t) ? Flag.ALL_ZERO | Flag.ZERO_GRADIENT : 0)),
    maps: {
      dtype: DType.UINT8,
      shape: [SAMPLES, TARGETS, side, side],
      data: Uint8Array.from(data.flat()),
      scale: [signed ? 0.004 : 0.01],
      offset: [signed ? -0.508 : 0],
    },
    signed,
    classDependent: true,
  });
  return toBinary(HeatmapsSchema, message);
}

/** Deeper layers show rather another image of the class than the one that was seen. */
function reconstructions(at: At): Uint8Array {
  const { samples, targets, probabilities, flags: _, figures: __, ...rest } = { flags: [], ...shared(at) };
  const own = (i: number) => ({ image: Buffer.from(IMAGE_HASHES[i] ?? "", "hex") });
  const ofClass = (i: number) => own((i + CLASSES) % SAMPLES);
  const sources = ["conv1", "conv2", "conv3", "fc", ""];
  const first = each((i) => i).filter((__, index) => index % TARGETS === 0);
  const error = (i: number, depth: number) => (60 + 40 * depth) * (1.4 - learnedAt(at)) * (1 + 0.3 * Math.sin(i));
  const message = create(ReconstructionsSchema, {
    ...rest,
    samples,
    targets: first.map((i) => targets[TARGETS * i] ?? 0),
    probabilities: first.map((i) => probabilities[TARGETS * i] ?? 0),
    figures: ["input–reconstruction", "input–class reconstruction"].map((name, n) => ({
      name,
      values: first.map((i) => error(i, 4 * n)),
      better: Better.LOWER,
    })),
    reconstructions: sources.map((layer, depth) => ({
      layer,
      pictures: first.map((i) => (depth < 3 ? own(i) : ofClass(i))),
      errors: first.map((i) => error(i, depth)),
    })),
    representatives: first.map(ofClass),
    fields: first.slice(0, 4).map((sample) => ({
      ...{ sample, layer: "conv2", position: [3, 2], positions: [8, 8], starts: [18, 10], stops: [37, 29] },
      ...{ fieldStarts: [1, 0], fieldStops: [6, 5], input: own(sample), alone: ofClass(sample) },
      ...{ field: own(sample), whole: own(sample) },
    })),
  });
  return toBinary(ReconstructionsSchema, message);
}

function weightOf(i: number, t: number, superpixel: number, at: At): number {
  const [x, y] = middleOf(superpixel);
  const noise = 0.05 * Math.sin(12.9898 * superpixel + 3 * i + t + at.step);
  return 0.4 * evidence(i, t, x, y, at) - 0.15 * evidence(i + 7, 1 - t, y, x, at) + noise;
}

function weights(at: At) {
  return floats(
    [SAMPLES, TARGETS, SUPERPIXELS],
    each((i, t) => Array.from({ length: SUPERPIXELS }, (_, superpixel) => weightOf(i, t, superpixel, at))).flat(),
  );
}

const constant = (value: number) =>
  floats([SAMPLES, TARGETS, SUPERPIXELS], Array(SAMPLES * TARGETS * SUPERPIXELS).fill(value));

function superpixels(at: At): Uint8Array {
  const message = create(SuperpixelsSchema, {
    ...shared(at),
    weights: weights(at),
    errors: constant(0.02),
    intercepts: each(() => 0.1),
    r2: each((i, t) => 0.2 + 0.7 * learnedAt(at) - 0.15 * ((i + t) % 3)),
    forwards: 1000,
  });
  return toBinary(SuperpixelsSchema, message);
}

function correlations(at: At): Uint8Array {
  const message = create(CorrelationsSchema, {
    ...shared(at),
    score: "probability",
    scores: shared(at).probabilities,
    sensitivities: weights(at),
    errors: constant(0.01),
    related: each((i, t) => related(i, t, at)),
  });
  return toBinary(CorrelationsSchema, message);
}

/** The pairs among the six strongest superpixels. */
function related(i: number, t: number, at: At): MessageInitShape<typeof RelatedSchema> {
  const weight = (superpixel: number) => weightOf(i, t, superpixel, at);
  const strongest = Array.from({ length: SUPERPIXELS }, (_, superpixel) => superpixel)
    .sort((a, b) => Math.abs(weight(b)) - Math.abs(weight(a)))
    .slice(0, 6);
  const pairs = strongest
    .flatMap((first, n) => strongest.slice(n + 1).map((second) => ({ first, second })))
    .map(({ first, second }) => {
      const sign = (first + second) % 3 ? 1 : -1;
      return { first, second, rho: sign * Math.sqrt(Math.abs(weight(first) * weight(second))) };
    })
    .sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho));
  const n = [pairs.length];
  return {
    pairs: integers(
      [pairs.length, 2],
      pairs.flatMap(({ first, second }) => [first, second]),
    ),
    correlations: floats(
      n,
      pairs.map(({ rho }) => rho),
    ),
    errors: floats(n, Array(pairs.length).fill(0.02)),
    joint: floats(
      n,
      pairs.map(({ first, second, rho }) => weight(first) + weight(second) - rho),
    ),
    groups: [{ superpixels: strongest.slice(0, 3), correlation: 0.5 }],
    blockCounts: t
      ? []
      : [9, 16, 25, 36, 49, 64, 100, 144].map((count) => ({
          superpixels: count,
          correlation: 0.9 * Math.exp(-(Math.log(count / 38) ** 2)),
        })),
  };
}

/** Where windows of a size lie that overlap by half, along one side of the image. */
const placesOf = (size: number) =>
  Array.from({ length: Math.floor((2 * (SIDE - size)) / size) + 1 }, (_, n) => Math.floor((n * size) / 2));

function drop(i: number, t: number, size: number, top: number, left: number, at: At): number {
  return 0.5 * Math.min(1, size / 20) * evidence(i, t, (left + size / 2) / SIDE, (top + size / 2) / SIDE, at);
}

function occlusion(at: At): Uint8Array {
  const { probabilities, ...rest } = shared(at);
  const sliders = [8, 16, 32].map((size) => {
    const places = placesOf(size);
    const n = places.length;
    const scores = each((i, t) =>
      places.flatMap((top) =>
        places.map((left) => (probabilities[TARGETS * i + t] ?? 0) - drop(i, t, size, top, left, at)),
      ),
    );
    return {
      height: size,
      width: size,
      rows: integers([n], places),
      columns: integers([n], places),
      scores: floats([SAMPLES, TARGETS, n, n], scores.flat()),
    };
  });
  const message = create(OcclusionSchema, {
    ...rest,
    probabilities,
    score: "probability",
    scores: probabilities,
    sliders,
  });
  return toBinary(OcclusionSchema, message);
}

function occlusionPairs(at: At): Uint8Array {
  const { probabilities, ...rest } = shared(at);
  const size = 16;
  const places = placesOf(size).flatMap((top) => placesOf(size).map((left): [number, number] => [top, left]));
  const m = places.length;
  const lost = (i: number, t: number) => places.map(([top, left]) => drop(i, t, size, top, left, at));
  const scoreOf = (i: number, t: number) => probabilities[TARGETS * i + t] ?? 0;
  const alone = each((i, t) => lost(i, t).map((one) => scoreOf(i, t) - one)).flat();
  const pairs = each((i, t) => {
    const losses = lost(i, t);
    return losses.flatMap((one) => losses.map((other) => scoreOf(i, t) - one - other + 2 * one * other));
  }).flat();
  const windows = {
    height: size,
    width: size,
    corners: integers([m, 2], places.flat()),
    alone: floats([SAMPLES, TARGETS, m], alone),
  };
  const message = create(OcclusionPairsSchema, {
    ...rest,
    probabilities,
    score: "probability",
    scores: probabilities,
    held: windows,
    moved: windows,
    pairs: floats([SAMPLES, TARGETS, m, m], pairs),
  });
  return toBinary(OcclusionPairsSchema, message);
}
