import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  ArraySchema,
  type Correlations,
  CorrelationsSchema,
  DType,
  type RelatedSchema,
} from "../records/explain_pb.ts";
import { decodePayload } from "./payloads.ts";

const floats = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.FLOAT32, shape, data: new Uint8Array(Float32Array.from(values).buffer) });

const related = (): MessageInitShape<typeof RelatedSchema> => ({
  pairs: { dtype: DType.UINT16, shape: [2, 2], data: new Uint8Array(Uint16Array.of(3, 1, 0, 2).buffer) },
  correlations: floats([2], [0.5, -0.25]),
  errors: floats([2], [0.125, Number.NaN]),
  joint: floats([2], [0.75, 0.5]),
  groups: [{ superpixels: [3, 1, 0], correlation: 0.875 }],
  blockCounts: [
    { superpixels: 40, correlation: 0.5 },
    { superpixels: 9, correlation: 0.25 },
  ],
});

/** One sample of four superpixels, two targets, the second with nothing related. */
function message(): Correlations {
  return create(CorrelationsSchema, {
    samples: [{ segments: Uint8Array.of(0xaa) }],
    targets: [5, 2],
    score: "probability",
    scores: [0.75, 0.125],
    sensitivities: floats([1, 2, 4], [0.5, 0.25, 0, -0.25, 0, 0, 0, 0]),
    related: [related(), {}],
  });
}

const decode = (made: Correlations) => decodePayload("CORRELATIONS", "k", toBinary(CorrelationsSchema, made));

test("correlations decode to pairs, groups and the study of block counts", () => {
  const [first, second] = decode(message()).samples[0]?.targets ?? [];
  expect(first?.detail).toMatchObject({
    kind: "CORRELATIONS",
    score: "probability",
    intact: 0.75,
    pairs: [
      { first: 3, second: 1, correlation: 0.5, error: 0.125, joint: 0.75 },
      { first: 0, second: 2, correlation: -0.25, error: undefined, joint: 0.5 },
    ],
    groups: [{ superpixels: [3, 1, 0], correlation: 0.875 }],
    blockCounts: [
      { superpixels: 9, correlation: 0.25 },
      { superpixels: 40, correlation: 0.5 },
    ],
  });
  expect(first?.map.form === "superpixels" && [...first.map.weights]).toEqual([0.5, 0.25, 0, -0.25]);
  expect(second?.detail).toMatchObject({ pairs: [], groups: [], blockCounts: [], intact: 0.125 });
});

test("correlations that contradict themselves are refused", () => {
  const broken = (change: (made: Correlations) => void) => {
    const made = message();
    change(made);
    return () => decode(made);
  };
  const first = (made: Correlations) => made.related[0] as Correlations["related"][0];
  expect(broken((made) => made.related.pop())).toThrow("contradict their targets");
  expect(broken((made) => made.scores.pop())).toThrow("contradicts its targets");
  expect(broken((made) => made.sensitivities?.shape.pop())).toThrow("without weights");
  expect(broken((made) => Object.assign(first(made).pairs ?? {}, { shape: [4] }))).toThrow("Pairs that are none");
  expect(broken((made) => Object.assign(first(made), { joint: undefined }))).toThrow("contradict their pairs");
  expect(broken((made) => Object.assign(first(made), { errors: floats([1], [1]) }))).toThrow("contradict their pairs");
  expect(broken((made) => first(made).pairs?.data.set([9], 0))).toThrow("do not exist");
  expect(broken((made) => first(made).groups[0]?.superpixels.push(4))).toThrow("do not exist");
});
