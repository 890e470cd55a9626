// The invented runs: a blob for each image, and maps that find it better the longer they train.
import { crc32, deflateSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Run, SeriesSteps } from "../src/data/answers.ts";
import { ClassNamesSchema, DType, Flag, HeatmapsSchema } from "../src/records/explain_pb.ts";

const SAMPLES = 40;
const SIDE = 64;
const NAMES = ["cat", "dog", "fox", "owl", "hippopotamus amphibius", "bee"];
const METHODS: [string, string, number][] = [
  ["GradCAM", "layer3", 14],
  ["GradCAM", "layer4", 7],
  ["IntegratedGradients", "", 32],
];
const HASH = "c0ffee".padEnd(32, "0");

export const IMAGE_HASHES = Array.from({ length: SAMPLES }, (_, i) => i.toString(16).padStart(32, "0"));

const tagOf = ([method, layer]: [string, string, number]) => `val/${method}${layer && `/${layer}`}`;
const stepsOf = (series: number) =>
  Array.from({ length: 20 }, (_, i) => 200 * i).filter((_, i) => series < 2 || i % 3 === 0);

export const runs: Run[] = ["resnet18/baseline", "resnet18/augmented"].map((run, i) => ({
  run,
  series: METHODS.map((method, m) => ({
    tag: tagOf(method),
    kind: "HEATMAPS",
    method: method[0],
    layer: method[1],
    parameters: "{}",
    description: `${method[0]} of the validation probe`,
    records: stepsOf(m).length,
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
  return METHODS.map((method, m) => {
    const steps = stepsOf(m);
    return {
      tag: tagOf(method),
      kind: "HEATMAPS",
      steps,
      wall_times: steps.map((step) => 1.78e9 + step),
      counts: steps.map(() => SAMPLES),
      keys: steps.map((step) => `${r}-${m}-${step}`),
    };
  });
}

export function records(keys: string[]): Uint8Array {
  return Buffer.concat(
    keys.flatMap((key) => {
      const payload = heatmaps(key);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(payload.length);
      return [length, payload];
    }),
  );
}

export function classes(): Uint8Array {
  return toBinary(ClassNamesSchema, create(ClassNamesSchema, { names: NAMES }));
}

const labelOf = (i: number) => (7 * i) % NAMES.length;
const centreOf = (i: number): [number, number] => [0.25 + 0.5 * ((i * 0.618) % 1), 0.25 + 0.5 * ((i * 0.382) % 1)];

function heatmaps(key: string): Uint8Array {
  const [run = 0, m = 0, step = 0] = key.split("-").map(Number);
  const side = METHODS[m]?.[2] ?? 7;
  const signed = m === 2;
  const learned = Math.min(1, (step + 400 * run) / 3000);
  const right = (i: number) => ((i * 37) % 100) / 100 < 0.2 + 0.75 * learned;
  const data: number[] = [];
  const targets: number[] = [];
  const probabilities: number[] = [];
  const flags: number[] = [];
  for (let i = 0; i < SAMPLES; i++)
    for (let t = 0; t < 2; t++) {
      const dead = i === 5 && t === 0;
      targets.push((labelOf(i) + (right(i) ? t : 1 - t)) % NAMES.length);
      probabilities.push(t ? 0.3 * (1 - learned) + 0.02 : 0.5 + 0.49 * learned);
      flags.push(dead ? Flag.ALL_ZERO | Flag.ZERO_GRADIENT : 0);
      const [x, y] = centreOf(i + t * 3 * (1 - learned));
      for (let p = 0; p < side * side; p++) {
        const dx = ((p % side) + 0.5) / side - x;
        const dy = (Math.floor(p / side) + 0.5) / side - y;
        const heat = Math.exp(-(dx * dx + dy * dy) / (0.02 + 0.1 * (1 - learned)));
        const noise = signed ? 0.5 * Math.sin(p * 12.9898 + i) * heat : 0;
        data.push(
          dead ? (signed ? 127 : 0) : Math.round(signed ? 127 + 127 * (heat * 0.7 + noise - 0.15) : 255 * heat),
        );
      }
    }
  const message = create(HeatmapsSchema, {
    samples: Array.from({ length: SAMPLES }, (_, i) => ({
      image: Buffer.from(IMAGE_HASHES[i] ?? "", "hex"),
      label: labelOf(i),
      predicted: targets[2 * i] ?? 0,
      probability: probabilities[2 * i] ?? 0,
      name: `image_${i}.png`,
    })),
    maps: {
      dtype: DType.UINT8,
      shape: [SAMPLES, 2, side, side],
      data: Uint8Array.from(data),
      scale: [signed ? 0.004 : 0.01],
      offset: [signed ? -0.508 : 0],
    },
    targets,
    probabilities,
    flags,
    classes: Buffer.from(HASH, "hex"),
    signed,
    classDependent: true,
    height: SIDE,
    width: SIDE,
  });
  return toBinary(HeatmapsSchema, message);
}

/** A PNG of one disc on a gradient. */
export function image(i: number): Uint8Array {
  const [x, y] = centreOf(i);
  const rows = Buffer.alloc(SIDE * (1 + 3 * SIDE));
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const inside = (column / SIDE - x) ** 2 + (row / SIDE - y) ** 2 < 0.03;
      const colour = inside ? [235, 120 + 20 * labelOf(i), 60] : [70 + row, 110 + column / 2, 120 + ((i * 31) % 90)];
      rows.set(colour, row * (1 + 3 * SIDE) + 1 + 3 * column);
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
