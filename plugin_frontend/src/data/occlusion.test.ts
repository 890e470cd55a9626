import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ArraySchema, DType, OcclusionPairsSchema, OcclusionSchema } from "../records/explain_pb.ts";
import type { Target } from "./explained.ts";
import { decodePayload } from "./payloads.ts";
import type { WindowMap } from "./window_map.ts";

const floats = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.FLOAT32, shape, data: new Uint8Array(Float32Array.from(values).buffer) });
const ints = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.INT32, shape, data: new Uint8Array(Int32Array.from(values).buffer) });
const count = (n: number, start = 0) => Array.from({ length: n }, (_, i) => start + i);

/** What a message is made of, but no message. */
type Plain<Init> = Extract<Init, { $typeName?: undefined }>;
type Occlusion = Plain<MessageInitShape<typeof OcclusionSchema>>;
type Pairs = Plain<MessageInitShape<typeof OcclusionPairsSchema>>;

/** Two samples, two targets, the large windows logged first: 4 x 4 at 1 x 2 places, then 2 x 3 at 2 x 3 places. */
function occlusion(change: Occlusion = {}): Occlusion {
  return {
    samples: [{}, {}],
    targets: [5, 2, 5, 2],
    height: 4,
    width: 6,
    score: "probability",
    scores: [100, 200, 300, 400],
    sliders: [
      { height: 4, width: 4, rows: ints([1], [0]), columns: ints([2], [0, 2]), scores: floats([2, 2, 1, 2], count(8)) },
      {
        height: 2,
        width: 3,
        rows: ints([2], [0, 2]),
        columns: ints([3], [0, 1, 3]),
        scores: floats([2, 2, 2, 3], count(24)),
        predicted: ints([2, 2, 3], [-1, ...count(11, 51)]),
      },
    ],
    ...change,
  };
}

function decodeOcclusion(made: Occlusion) {
  return decodePayload("OCCLUSION", "k", toBinary(OcclusionSchema, create(OcclusionSchema, made)));
}

/** One sample, two targets; three held windows of 2 x 2 and two moved ones of 1 x 3. */
function pairs(change: Pairs = {}): Pairs {
  return {
    samples: [{}],
    targets: [5, 2],
    height: 4,
    width: 6,
    score: "probability",
    scores: [1, 10],
    held: {
      height: 2,
      width: 2,
      corners: ints([3, 2], [0, 0, 2, 0, 2, 4]),
      alone: floats([1, 2, 3], [0.9, 0.5, 0.75, 9, 8, 7]),
    },
    moved: { height: 1, width: 3, corners: ints([2, 2], [0, 0, 3, 3]), alone: floats([1, 2, 2], [0.75, 0.5, 6, 5]) },
    pairs: floats([1, 2, 3, 2], [0.7, 0.25, 0.125, 0.5, 0.5, 0.5, ...count(6)]),
    ...change,
  };
}

function decodePairs(made: Pairs) {
  return decodePayload("OCCLUSION_PAIRS", "k", toBinary(OcclusionPairsSchema, create(OcclusionPairsSchema, made)));
}

function detailOf<Kind extends Target["detail"]["kind"]>(target: Target | undefined, kind: Kind) {
  if (target?.detail.kind !== kind) throw new Error(`not of kind ${kind}`);
  return target.detail as Extract<Target["detail"], { kind: Kind }>;
}

describe("occlusion", () => {
  test("sizes of windows are ordered, and each target has its own scores, drops and classes", () => {
    const { samples, ...record } = decodeOcclusion(occlusion());
    expect(record).toMatchObject({ classDependent: true, height: 4, width: 6 });
    const target = samples[1]?.targets[0];
    const { intact, score, sliders } = detailOf(target, "OCCLUSION");
    expect([intact, score]).toEqual([300, "probability"]);
    expect(sliders.map(({ windows }) => [windows.height, windows.width])).toEqual([
      [2, 3],
      [4, 4],
    ]);
    const [small, large] = sliders;
    expect([...(small?.windows.tops ?? [])]).toEqual([0, 0, 0, 2, 2, 2]);
    expect([...(small?.windows.lefts ?? [])]).toEqual([0, 1, 3, 0, 1, 3]);
    expect([...(small?.scores ?? [])]).toEqual([12, 13, 14, 15, 16, 17]);
    expect([...(small?.drops ?? [])]).toEqual([288, 287, 286, 285, 284, 283]);
    expect([small?.predicted(0), small?.predicted(5)]).toEqual([56, 61]);
    expect(detailOf(samples[0]?.targets[0], "OCCLUSION").sliders[0]?.predicted(0)).toBeUndefined(); // -1: no class
    expect([...(large?.scores ?? []), large?.predicted(0)]).toEqual([4, 5, undefined]);
    expect(target?.map).toBe(large?.map); // of two sizes, the larger
  });

  test("the map is the mean drop of the windows that cover a pixel", () => {
    const map = decodeOcclusion(occlusion()).samples[0]?.targets[0]?.map as WindowMap;
    expect([...map.raster(4, 6)].slice(0, 6)).toEqual([100, 100, 99.5, 99.5, 99, 99]);
    expect(map.range).toEqual({ low: 99, high: 100 });
  });

  test("an input of unknown size reaches as far as its windows", () => {
    expect(decodeOcclusion(occlusion({ height: 0, width: 0 }))).toMatchObject({ height: 4, width: 6 });
  });

  const slider = (change: object) => occlusion({ sliders: [{ ...occlusion().sliders?.[1], ...change }] });
  test.each([
    ["no windows", occlusion({ sliders: [] }), /without windows/],
    ["no scores of what is not hidden", occlusion({ scores: [1] }), /nothing|not hidden/],
    ["windows of no extent", slider({ height: 0 }), /no extent/],
    ["fewer places than scores", slider({ columns: ints([2], [0, 1]) }), /contradict the places/],
    ["places that are no list", slider({ rows: ints([2, 1], [0, 2]) }), /without places/],
    ["scores without targets", slider({ scores: floats([2, 0, 2, 3], []) }), /no samples or targets/],
    ["another number of samples", slider({ scores: floats([4, 1, 2, 3], count(24)), predicted: undefined }), /samples/],
    ["classes elsewhere", slider({ predicted: ints([2, 3, 2], count(12)) }), /contradict the places/],
    ["data that is too short", slider({ scores: { ...floats([2, 2, 2, 3], [1]) } }), /does not fit/],
    [
      "sizes of different targets",
      occlusion({
        sliders: [
          ...(occlusion().sliders ?? []),
          { ...slider({}).sliders?.[0], scores: floats([2, 1, 2, 3], count(12)) },
        ],
      }),
      /different samples or targets/,
    ],
  ])("%s: one sentence", (_, made, sentence) => {
    expect(() => decodeOcclusion(made as Occlusion)).toThrow(sentence);
  });

  test("places are not multiplied before the scores are known to be there", () => {
    const many = ints([50_000], count(50_000));
    const made = slider({ rows: many, columns: many, scores: floats([2, 2, 50_000, 50_000], []) });
    expect(() => decodeOcclusion(made as Occlusion)).toThrow(/does not fit/);
  });
});

describe("pairs of windows", () => {
  const table = (target = 0) => detailOf(decodePairs(pairs()).samples[0]?.targets[target], "OCCLUSION_PAIRS").pairs;
  const close = (found: Float32Array, expected: number[]) =>
    expect([...found]).toEqual(expected.map((value) => (Number.isNaN(value) ? value : expect.closeTo(value, 6))));

  test("drops alone, joint drops and interactions", () => {
    const found = table();
    expect([found.heldDrop(1), found.movedDrop(0)]).toEqual([0.5, 0.25]);
    close(found.over(0, "joint"), [0.3, 0.75]);
    close(found.over(1, "joint"), [0.875, 0.5]);
    // d(p) + d(q) - J: substitutes with the first, needed together with the second
    close(found.over(1, "interaction"), [0.5 + 0.25 - 0.875, 0.5 + 0.5 - 0.5]);
    close(table(1).over(2, "joint"), [10 - 4, 10 - 5]);
  });

  test("windows that overlap the held one have no interaction", () => {
    expect([table().overlap(0, 0), table().overlap(0, 1)]).toEqual([true, false]);
    close(table().over(0, "interaction"), [Number.NaN, 0.1 + 0.5 - 0.75]);
  });

  test("the overview has the mean over the second, drawn where the first lies", () => {
    const { joint, interaction } = table().overview;
    expect(joint.raster(4, 6)[0]).toBeCloseTo((0.3 + 0.75) / 2);
    expect(joint.raster(4, 6)[2 * 6 + 5]).toBeCloseTo(0.5); // bottom right: the third held window
    expect(joint.raster(4, 6)[2]).toBe(0); // no held window there
    expect(interaction.raster(4, 6)[0]).toBeCloseTo(-0.15); // only the second moved window counts
  });

  test("while one is held, the map is drawn where the moved ones lie", () => {
    const map = table().mapOver(1, "joint").raster(4, 6);
    expect([map[0], map[2], map[3], map[3 * 6 + 3]].map((value) => value?.toFixed(3))).toEqual([
      "0.875",
      "0.875",
      "0.000",
      "0.500",
    ]);
  });

  test.each([
    ["no pairs", pairs({ pairs: undefined }), /without scores/],
    ["no targets", pairs({ pairs: floats([1, 0, 3, 2], []) }), /no samples or targets/],
    ["windows of no extent", pairs({ held: { ...pairs().held, width: 0 } as never }), /no extent/],
    ["no windows to move", pairs({ pairs: floats([1, 2, 3, 0], []) }), /without places/],
    [
      "corners that are none",
      pairs({ moved: { ...pairs().moved, corners: ints([4], count(4)) } as never }),
      /contradict/,
    ],
    [
      "too few scores alone",
      pairs({ held: { ...pairs().held, alone: floats([1, 2, 2], count(4)) } as never }),
      /contradict/,
    ],
    ["no scores of what is not hidden", pairs({ scores: [] }), /not hidden/],
  ])("%s: one sentence", (_, made, sentence) => {
    expect(() => decodePairs(made as Pairs)).toThrow(sentence);
  });
});
