// Invented clusters: rings around the disc, purer the deeper the layer and the longer the model trains.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type ClusterPathSchema, ClustersSchema, DType, type SampleSchema } from "../src/records/explain_pb.ts";
import { CLASSES, centreOf, IMAGE_HASHES, labelOf, SAMPLES } from "./images.ts";

const LAYERS = 3;

type Shared = { samples: MessageInitShape<typeof SampleSchema>[]; targets: number[]; probabilities: number[] };

/** `side`: of the layer's grid; `learned`: how far training has come, from 0 to 1. */
export function clusters(shared: Shared, side: number, learned: number): Uint8Array {
  const order = [14, 7, 4].indexOf(side);
  const k = 2 * CLASSES;
  const depth = (order + 1) / LAYERS;
  const predictedOf = (i: number) => shared.samples[i]?.predicted ?? 0;
  const message = create(ClustersSchema, {
    ...shared,
    order,
    forward: path(k, side, learned * depth, (i) => (depth < 0.7 ? labelOf(i) : predictedOf(i))),
    feedback: path(k, side, learned, predictedOf),
    turning: shared.samples.map((sample, i) => (labelOf(i) === sample.predicted ? 0 : LAYERS - 1)),
    counts: order
      ? []
      : [4, 6, 8, 12, 16, 24].map((n) => ({ clusters: n, silhouette: Math.exp(-(Math.log(n / k) ** 2)) })),
  });
  return toBinary(ClustersSchema, message);
}

/** Two clusters a class: the disc, and what surrounds it. */
function path(
  k: number,
  side: number,
  clear: number,
  classOf: (i: number) => number,
): MessageInitShape<typeof ClusterPathSchema> {
  const floats = (shape: number[], values: number[]) => ({
    dtype: DType.FLOAT32,
    shape,
    data: new Uint8Array(Float32Array.from(values).buffer),
  });
  const assignments = Array.from({ length: SAMPLES }, (_, i) => {
    const [x, y] = centreOf(i);
    return Array.from({ length: side * side }, (_, p) => {
      const away = Math.hypot(((p % side) + 0.5) / side - x, (Math.floor(p / side) + 0.5) / side - y);
      const strayed = (p * 7 + i) % 10 > 4 + 6 * clear;
      return (2 * classOf(i) + (away < 0.2 ? 0 : 1) + (strayed ? p : 0)) % k;
    });
  });
  const purity = Array.from({ length: k }, (_, c) => (c % 2 ? 0.2 + 0.5 * clear : 0.3 + 0.68 * clear));
  const histogram = (c: number) =>
    Array.from({ length: CLASSES }, (_, j) =>
      j === c >> 1 ? (purity[c] as number) : (1 - (purity[c] as number)) / (CLASSES - 1),
    );
  const histograms = purity.map((_, c) => histogram(c));
  return {
    assignments: { dtype: DType.UINT8, shape: [SAMPLES, side, side], data: Uint8Array.from(assignments.flat()) },
    ids: purity.map((_, c) => c),
    histograms: floats([k, CLASSES], histograms.flat()),
    shares: purity.map((_, c) => (c % 2 ? 0.12 : 0.0466)),
    purity,
    entropy: histograms.map((row) => -row.reduce((sum, share) => sum + (share ? share * Math.log2(share) : 0), 0)),
    evidence: floats(
      [SAMPLES, CLASSES],
      Array.from({ length: SAMPLES }, (_, i) =>
        Array.from({ length: CLASSES }, (_, j) => (j === classOf(i) ? 3 * clear : 0)),
      ).flat(),
    ),
    association: clear,
    patches: purity.flatMap((_, c) =>
      [0, 1, 2].map((n) => ({
        cluster: c,
        picture: { image: Buffer.from(IMAGE_HASHES[(c + 5 * n) % SAMPLES] as string, "hex") },
        label: c >> 1,
        distance: 0.2 + 0.1 * n,
        sample: c + 5 * n,
        position: [n, n],
        starts: [0, 0],
        stops: [16, 16],
      })),
    ),
  };
}
