import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ArraySchema, Better, DType, type Superpixels, SuperpixelsSchema } from "../records/explain_pb.ts";
import { decodePayload } from "./payloads.ts";

const floats = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.FLOAT32, shape, data: new Uint8Array(Float32Array.from(values).buffer) });

/** Two samples, two targets, three superpixels. */
function message(): Superpixels {
  const weights = Array.from({ length: 12 }, (_, i) => i - 6);
  return create(SuperpixelsSchema, {
    samples: [{ segments: Uint8Array.of(0xaa) }, { segments: Uint8Array.of(0xbb) }],
    targets: [5, 2, 5, 2],
    probabilities: [0.7, 0.2, Number.NaN, 0.1],
    flags: [0, 0, 0, 0],
    height: 20,
    width: 30,
    figures: [{ name: "deletion", values: [1, 2, Number.NaN, 4], random: [5, 6, 7, 8], better: Better.LOWER }],
    weights: floats([2, 2, 3], weights),
    errors: floats(
      [2, 2, 3],
      weights.map((weight) => Math.abs(weight) / 4),
    ),
    intercepts: [0.1, 0.2, 0.3, 0.4],
    r2: [0.9, 0.1, 0.8, Number.NaN],
    forwards: 1000,
  });
}

const decode = (made: Superpixels) => decodePayload("SUPERPIXELS", "k", toBinary(SuperpixelsSchema, made));

test("superpixels decode to weights, errors and fit of each target", () => {
  const { samples, ...record } = decode(message());
  expect(record).toMatchObject({ classDependent: true, height: 20, width: 30 });
  const target = samples[1]?.targets[0];
  expect(target).toMatchObject({ classIndex: 5, probability: undefined, flags: 0 });
  expect(target?.detail).toMatchObject({ kind: "SUPERPIXELS", intercept: expect.closeTo(0.3), forwards: 1000 });
  const map = target?.map;
  if (map?.form !== "superpixels") throw new Error("not a map of superpixels");
  expect(map).toMatchObject({ segments: "bb", signed: true, height: 20, width: 30 });
  expect([...map.weights]).toEqual([0, 1, 2]);
  expect([...(map.errors ?? [])]).toEqual([0, 0.25, 0.5]);
  expect(map.range).toEqual({ low: 0, high: 2 });
  const last = samples[1]?.targets[1]?.detail;
  expect(last?.kind === "SUPERPIXELS" && last.r2).toBeUndefined(); // NaN: not known
});

test("a fit below an R² of 0.3 is poor, whether it was flagged or not", () => {
  const made = message();
  made.flags = [1, 32, 0, 4];
  made.r2 = [0.299, 0.9, 0.3, Number.NaN];
  const flags = decode(made).samples.flatMap(({ targets }) => targets.map((target) => target.flags));
  expect(flags).toEqual([33, 32, 0, 4]);
});

test("figures belong to their targets; those that are not known are left out", () => {
  const figures = decode(message()).samples.map(({ targets }) => targets.map((target) => target.figures));
  expect(figures[0]?.[1]).toEqual([
    { name: "deletion", value: 2, random: 6, centred: undefined, better: Better.LOWER },
  ]);
  expect(figures[1]?.[0]).toEqual([]);
});

test("superpixels without errors or fit are none the worse for it", () => {
  const bare = message();
  bare.errors = undefined;
  bare.intercepts = [];
  bare.r2 = [];
  const target = decode(bare).samples[0]?.targets[0];
  expect(target?.map.form === "superpixels" && target.map.errors).toBeUndefined();
  expect(target?.detail).toMatchObject({ intercept: undefined, r2: undefined });
});

test("superpixels that contradict themselves are refused", () => {
  const broken = (change: (made: Superpixels) => void) => {
    const made = message();
    change(made);
    return () => decode(made);
  };
  expect(broken((made) => made.samples.pop())).toThrow("contradicts its samples");
  expect(broken((made) => made.targets.pop())).toThrow("contradict");
  expect(broken((made) => made.flags.pop())).toThrow("contradicts its targets");
  expect(broken((made) => made.r2.pop())).toThrow("contradicts its targets");
  expect(broken((made) => made.intercepts.push(1))).toThrow("contradicts its targets");
  expect(broken((made) => made.figures[0]?.values.pop())).toThrow("contradict their targets");
  expect(broken((made) => made.weights?.shape.pop())).toThrow("without weights");
  expect(broken((made) => Object.assign(made.weights ?? {}, { shape: [2, 2, 4] }))).toThrow("does not fit its shape");
  expect(broken((made) => Object.assign(made, { errors: floats([2, 2, 1], [1, 2, 3, 4]) }))).toThrow(
    "contradict their weights",
  );
  expect(broken((made) => Object.assign(made, { weights: floats([2, 2, 0], []) }))).toThrow("no superpixels");
});
