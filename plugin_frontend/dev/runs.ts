// The invented runs: which series they have, at which steps, and what went wrong.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Run, SeriesSteps } from "../src/data/answers.ts";
import type { Kind } from "../src/data/kinds.ts";
import { ClassNamesSchema, SummarySchema } from "../src/records/explain_pb.ts";
import { SAMPLES } from "./images.ts";
import { payload } from "./payloads.ts";

const NAMES = ["cat", "dog", "fox", "owl", "hippopotamus amphibius", "bee"];

/** `side`: of the maps. */
type Invented = { method: string; layer: string; kind: Kind; side: number };

const SERIES: Invented[] = [
  { method: "GradCAM", layer: "layer3", kind: "HEATMAPS", side: 14 },
  { method: "GradCAM", layer: "layer4", kind: "HEATMAPS", side: 7 },
  { method: "IntegratedGradients", layer: "", kind: "HEATMAPS", side: 32 },
  { method: "LIME", layer: "", kind: "SUPERPIXELS", side: 0 },
  { method: "AblationCA", layer: "", kind: "CORRELATIONS", side: 0 },
  { method: "Occlusion", layer: "", kind: "OCCLUSION", side: 0 },
  { method: "Occlusion", layer: "", kind: "OCCLUSION_PAIRS", side: 0 },
  { method: "FeedbackNetwork", layer: "", kind: "RECONSTRUCTIONS", side: 0 },
  { method: "FilterClusters", layer: "layer2", kind: "CLUSTERS", side: 14 },
  { method: "FilterClusters", layer: "layer3", kind: "CLUSTERS", side: 7 },
  { method: "FilterClusters", layer: "layer4", kind: "CLUSTERS", side: 4 },
];

const tagOf = ({ method, layer }: Invented) => `val/${method}${layer && `/${layer}`}`;
/** Not all series are logged at the same steps. */
const stepsOf = (series: number) =>
  Array.from({ length: 20 }, (_, i) => 200 * i).filter((_, i) => series < 2 || i % 3 === 0);

export const runs: Run[] = ["resnet18/baseline", "resnet18/augmented"].map((run, i) => ({
  run,
  series: SERIES.map((series, s) => ({
    tag: tagOf(series),
    kind: series.kind,
    method: series.method,
    layer: series.layer,
    parameters: "{}",
    description: `${series.method} of the validation probe`,
    records: stepsOf(s).length,
  })),
  counts: { unknown: 0, damaged: 0, failed: i, dropped: 2 * i },
  failures: i
    ? [
        {
          tag: "val/LIME",
          step: 400,
          wall_time: 1.78e9,
          message: "The model raised an error.",
          detail: "Traceback …",
          dropped: false,
        },
      ]
    : [],
}));

export function steps(run: string): SeriesSteps[] {
  const r = runs.findIndex((candidate) => candidate.run === run);
  return SERIES.map((series, s) => {
    const steps = stepsOf(s);
    return {
      tag: tagOf(series),
      kind: series.kind,
      steps,
      wall_times: steps.map((step) => 1.78e9 + step),
      counts: steps.map(() => SAMPLES),
      keys: steps.map((step) => `${r}-${s}-${step}`),
    };
  });
}

export function records(keys: string[]): Uint8Array {
  return answer(keys.map(record));
}

/** Of the samples with these content hashes; without any, of all. */
export function summaries(keys: string[], samples: string[]): Uint8Array {
  return answer(keys.map((key) => summary(record(key), samples)));
}

function record(key: string): Uint8Array {
  const [run = 0, s = 0, step = 0] = key.split("-").map(Number);
  const { kind, side, method } = SERIES[s] as Invented;
  return payload(kind, side, method === "IntegratedGradients", { run, step });
}

function summary(record: Uint8Array, wanted: string[]): Uint8Array {
  const all = fromBinary(SummarySchema, record, { readUnknownFields: false });
  if (wanted.length === 0) return toBinary(SummarySchema, all);
  const n = all.samples.length;
  const kept = all.samples.flatMap(({ image }, i) => (wanted.includes(Buffer.from(image).toString("hex")) ? [i] : []));
  /** What is said of these samples among what is said of all. */
  const of = <Value>(values: Value[]): Value[] => {
    const each = values.length / n;
    return kept.flatMap((i) => values.slice(i * each, (i + 1) * each));
  };
  const { targets, probabilities, flags, figures } = all;
  return toBinary(SummarySchema, {
    ...all,
    ...{ samples: of(all.samples), targets: of(targets), probabilities: of(probabilities), flags: of(flags) },
    figures: figures.map((figure) => ({
      ...figure,
      ...{ values: of(figure.values), random: of(figure.random), centred: of(figure.centred) },
    })),
  });
}

function answer(payloads: Uint8Array[]): Uint8Array {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(payload.length);
      return [length, payload];
    }),
  );
}

export function classes(): Uint8Array {
  return toBinary(ClassNamesSchema, create(ClassNamesSchema, { names: NAMES }));
}
