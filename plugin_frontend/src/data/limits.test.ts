// @vitest-environment node
/** Whatever a payload says, it is read or refused with a sentence, and nothing is made of what only its numbers claim. */
import { deflateSync } from "node:zlib";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  ArraySchema,
  ChannelsSchema,
  ClassNamesSchema,
  ClustersSchema,
  type ColumnSchema,
  CorrelationsSchema,
  DType,
  HeatmapsSchema,
  LabelMapSchema,
  OcclusionPairsSchema,
  OcclusionSchema,
  ProjectionSchema,
  ReconstructionsSchema,
  SuperpixelsSchema,
  VolumeSchema,
} from "../records/explain_pb.ts";
import { ClassNamesSchema as OwnClassNames } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeChannels } from "./channels.ts";
import { columnOf } from "./columns.ts";
import type { ExplainedRecord } from "./explained.ts";
import { IdIndex } from "./ids.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { decodeLabelMap } from "./label_maps.ts";
import { hasValues } from "./maps.ts";
import { decodePayload } from "./payloads.ts";
import { decodeProjection } from "./projections.ts";
import { decodeSummary } from "./summaries.ts";
import { decodeVolume } from "./volumes.ts";

const encode = <D extends DescMessage>(of: D, init: MessageInitShape<D>) => toBinary(of, create(of, init));
const array = (shape: number[], dtype = DType.UINT8) =>
  create(ArraySchema, {
    dtype,
    shape,
    data: new Uint8Array(shape.reduce((a, b) => a * b, dtype === DType.UINT8 ? 1 : 4)).fill(1),
  });
const column = (dtype: DType, shape: number[], scale = 0): MessageInitShape<typeof ColumnSchema> => ({
  values: new Uint8Array(16),
  dtype,
  shape,
  scale,
});
const samples = [{ name: "a", image: new Uint8Array(16) }, { label: 1 }];
const about = { samples, targets: [0, 1], height: 4, width: 6, figures: [{ name: "insertion", values: [0.5, 0.25] }] };
const path = {
  assignments: array([2, 1, 3]),
  ids: [7, 4],
  histograms: array([2, 2]),
  shares: [0.5, 0.5],
  purity: [1, 1],
  entropy: [0, 0],
  evidence: array([2, 2], DType.FLOAT32),
  patches: [{ cluster: 1, picture: { image: new Uint8Array(16) }, position: [0, 1] }],
};
const windows = { height: 2, width: 2, corners: array([2, 2]), alone: array([2, 1, 2], DType.FLOAT32) };
const related = { pairs: array([1, 2]), correlations: array([1], DType.FLOAT32), joint: array([1], DType.FLOAT32) };

const SOUND: Record<Kind | "PROJECTION" | "CHANNELS", Uint8Array> = {
  HEATMAPS: encode(HeatmapsSchema, { ...about, maps: array([2, 1, 3, 3]) }),
  SUPERPIXELS: encode(SuperpixelsSchema, { ...about, weights: array([2, 1, 5], DType.FLOAT32) }),
  OCCLUSION: encode(OcclusionSchema, {
    ...about,
    scores: [1, 2],
    sliders: [{ height: 2, width: 2, rows: array([2]), columns: array([2]), scores: array([2, 1, 2, 2]) }],
  }),
  OCCLUSION_PAIRS: encode(OcclusionPairsSchema, {
    ...about,
    scores: [1, 2],
    held: windows,
    moved: windows,
    pairs: array([2, 1, 2, 2], DType.FLOAT32),
  }),
  CORRELATIONS: encode(CorrelationsSchema, {
    ...about,
    sensitivities: array([2, 1, 4], DType.FLOAT32),
    related: [{ ...related, groups: [{ superpixels: [0, 1] }] }, related],
  }),
  RECONSTRUCTIONS: encode(ReconstructionsSchema, {
    ...about,
    reconstructions: [{ layer: "conv", pictures: [{}, {}], errors: [1, 2] }],
    fields: [{ position: [0], positions: [1], fieldStarts: [0], fieldStops: [1] }],
  }),
  CLUSTERS: encode(ClustersSchema, { ...about, forward: path, feedback: path, turning: [1, -1], counts: [{}] }),
  PROJECTION: encode(ProjectionSchema, {
    rows: 4,
    positions: column(DType.UINT16, [4, 2], 1),
    ids: column(DType.UINT64, [4]),
    thumbnails: { height: 8, width: 8, down: 2, across: 2, sheets: column(DType.UINT8, [1, 16]) },
    classDistances: { classes: [0, 1], distances: column(DType.FLOAT16, [2, 2]), pairs: [{ second: 1, rows: [3] }] },
  }),
  CHANNELS: encode(ChannelsSchema, {
    samples,
    channels: 3,
    maps: [column(DType.UINT8, [3, 2, 2]), column(DType.UINT8, [3, 2, 2])],
    ranges: column(DType.FLOAT32, [2, 3, 2]),
    groups: [{ channels: [0, 1] }],
  }),
};

/** Everything that the page may ask of a record. */
function use({ samples }: ExplainedRecord): void {
  for (const { targets } of samples)
    for (const { map } of targets) {
      if (map.form === "clusters") expect(map.labels.length).toBeGreaterThan(0);
      if (!hasValues(map)) continue;
      expect(map.range.low).not.toBeGreaterThan(map.range.high);
      if (map.form === "windows") map.raster(16, 16);
    }
}

function read(kind: keyof typeof SOUND, payload: Uint8Array): void {
  if (kind === "PROJECTION") decodeProjection(payload);
  else if (kind === "CHANNELS") decodeChannels(payload);
  else use(decodePayload(kind, "k", payload));
}

/** Milliseconds that all the changed ones may take on a machine that is busy with other things. */
const PATIENCE = 60_000;

/** Numbers that are the same every time. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** With some bytes other than they were, twice, or gone; and some numbers as large as there are. */
function changed(payload: Uint8Array, next: (below: number) => number): Uint8Array {
  let bytes = [...payload];
  for (let i = next(4) + 1; i > 0; i--) {
    const at = next(bytes.length);
    const how = next(5);
    if (how === 0) bytes[at] = next(256);
    else if (how === 1) bytes.splice(at, 0, ...bytes.slice(at, at + next(40)));
    else if (how === 2) bytes.splice(at, next(8));
    else if (how === 3) bytes.splice(at, 1, 0xff, 0xff, 0xff, 0xff, 0x0f);
    else bytes = bytes.slice(0, at + 1);
  }
  return Uint8Array.from(bytes);
}

describe.each(Object.keys(SOUND) as (keyof typeof SOUND)[])("%s", (kind) => {
  test("is read as it is", () => read(kind, SOUND[kind]));

  test(
    "is read or refused with a sentence, whatever becomes of it",
    () => {
      const next = dice(kind.length * 7919);
      let refused = 0;
      for (let i = 0; i < 400; i++) {
        try {
          read(kind, changed(SOUND[kind], next));
        } catch (reason) {
          expect(reason).toBeInstanceOf(Error);
          expect((reason as Error).name, String((reason as Error).stack)).toBe("Error"); // no RangeError, no TypeError
          expect((reason as Error).message).toMatch(/^[A-Z].*\.$/);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(50);
    },
    PATIENCE,
  );
});

describe("nothing is made of what only numbers claim", () => {
  const many = 2 ** 32 - 1;
  const repeated = (field: number, count: number) => {
    const bytes = new Uint8Array(2 * count);
    for (let i = 0; i < count; i++) bytes[2 * i] = (field << 3) | 2;
    return bytes;
  };
  const cases: [string, () => unknown][] = [
    ["a million samples of two bytes", () => decodeSummary(repeated(1, 1e6))],
    ...KINDS.map((kind): [string, () => unknown] => [
      `a million samples of ${kind}`,
      () => decodePayload(kind, "k", repeated(1, 1e6)),
    ]),
    ["a million channels' samples", () => decodeChannels(repeated(1, 1e6))],
    ["a million columns", () => decodeProjection(repeated(10, 1e6))],
    [
      "two million numbers in a run",
      () => decodeSummary(Uint8Array.from([0x2a, 0x80, 0x89, 0x7a, ...new Uint8Array(2e6)])),
    ],
    ["maps as large as numbers go", () => heatmaps([2, 1, many, many])],
    ["maps of nothing but extents", () => heatmaps([2, 1, 0, many])],
    ["a thousand axes", () => heatmaps(Array(1000).fill(1))],
    ["an input of 4 billion pixels a side", () => heatmaps([2, 1, 3, 3], { height: many, width: many })],
    ["an input of one row of them", () => heatmaps([2, 1, 3, 3], { height: 1, width: many })],
    ["channels without end", () => decodeChannels(encode(ChannelsSchema, { channels: many }))],
    ["rows without end", () => projection(many)],
    ["a column of gigabytes", () => columnOf({ ...column(DType.UINT64, [1e5, 1e5]), offset: 0 } as never)],
    [
      "classes without end",
      () =>
        projection(
          4,
          Array.from({ length: 5000 }, (_, i) => i),
        ),
    ],
  ];
  const heatmaps = (shape: number[], size = {}) =>
    decodePayload(
      "HEATMAPS",
      "k",
      encode(HeatmapsSchema, { ...about, ...size, maps: { dtype: DType.UINT8, shape, data: new Uint8Array(18) } }),
    );
  const projection = (rows: number, classes: number[] = []) =>
    decodeProjection(
      encode(ProjectionSchema, {
        rows,
        positions: column(DType.UINT16, [rows, 2], 1),
        ids: column(DType.UINT64, [rows]),
        classDistances: { classes, distances: column(DType.FLOAT16, [classes.length, classes.length]) },
      }),
    );

  test.each(cases)(
    "%s",
    (_, decode) => {
      expect(decode).toThrow(/^[A-Z].*\.$/);
    },
    PATIENCE,
  );

  test(
    "bombs of voxels and labels end at the first byte too many",
    async () => {
      const deflated = new Uint8Array(deflateSync(new Uint8Array(2 ** 26)));
      expect(deflated.length).toBeLessThan(2 ** 17);
      await expect(decodeVolume(encode(VolumeSchema, { depth: 4, height: 4, width: 4, deflated }))).rejects.toThrow(
        "size",
      );
      await expect(decodeVolume(encode(VolumeSchema, { depth: many, height: 1, width: 1, deflated }))).rejects.toThrow(
        "size",
      );
      const labels = { height: 4, width: 4, count: 2, deflated };
      await expect(decodeLabelMap(encode(LabelMapSchema, labels))).rejects.toThrow("size");
      await expect(decodeLabelMap(encode(LabelMapSchema, { ...labels, height: many }))).rejects.toThrow("size");
    },
    PATIENCE,
  );
});

test("texts end where nobody reads on", () => {
  const names = ["x".repeat(1e6), "cat", "ü".repeat(6000)];
  const read = fromBinary(OwnClassNames, encode(ClassNamesSchema, { names })).names;
  expect(read.map(({ length }) => length)).toEqual([10_001, 3, 5_001]);
  expect(read[0]?.endsWith("x…")).toBe(true);
});

test(
  "ids that are made to collide are found as fast as others",
  () => {
    const ids = Float64Array.from({ length: 200_000 }, (_, i) => i + 2 ** 32 * i); // whose halves are alike
    const index = new IdIndex(ids.length, (i) => ids[i] as number);
    for (let i = 0; i < ids.length; i += 997) expect(index.find(ids[i] as number)).toBe(i);
    expect(index.has(1)).toBe(false);
  },
  PATIENCE,
);
