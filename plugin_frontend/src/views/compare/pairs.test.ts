import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { ExplainedRecord } from "../../data/explained.ts";
import { decodeHeatmaps } from "../../data/heatmaps.ts";
import { DType, HeatmapsSchema } from "../../records/explain_pb.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import { cardsOf } from "../explanations/cards.ts";
import { gainOf, inOrder, outcomeOf, passes, tallyOf } from "./changes.ts";
import { joinCards, joinSeries, joinSides, sameRecord, sameSubject } from "./pairs.ts";

type Described = { image?: number; id?: number; label?: number; predicted?: number; probability?: number };

/** Hashes of lists of classes. */
const [LETTERS, DIGITS] = [Uint8Array.of(1), Uint8Array.of(2)];

function record(samples: Described[], targets = [0, 1], classDependent = true, classes = LETTERS): ExplainedRecord {
  const t = targets.length;
  const message = create(HeatmapsSchema, {
    samples: samples.map(({ image, id, ...rest }) => ({
      image: image === undefined ? new Uint8Array() : Uint8Array.of(image),
      id: BigInt(id ?? 0),
      ...rest,
    })),
    maps: { dtype: DType.UINT8, shape: [samples.length, t, 1, 1], data: new Uint8Array(samples.length * t) },
    targets: samples.flatMap(() => targets),
    probabilities: samples.flatMap(() => targets.map((target) => 0.25 * (target + 1))),
    classDependent,
    classes,
  });
  return decodeHeatmaps("k", toBinary(HeatmapsSchema, message));
}

type About = { run?: string; tag?: string; method?: string; layer?: string; step?: number };

function frameOf(about: About, ...records: ExplainedRecord[]): SeriesFrame {
  const { run = "r", tag = "t", method = "", layer = "", step = 0 } = about;
  return {
    series: { run, tag, kind: "HEATMAPS", method, layer, parameters: "", description: "", records: 1 },
    step,
    wallTime: 0,
    records,
  };
}

const cards = (...samples: Described[]) => cardsOf([frameOf({}, record(samples))]);

test("samples meet by row, else by image, else by place, and each once", () => {
  const ids = (a: Described[], b: Described[]) => {
    const { pairs, onlyA, onlyB } = joinCards(cards(...a), cards(...b));
    return [pairs.map(({ a, b }) => [a.sample.id, b.sample.id]), onlyA.length, onlyB.length];
  };
  // The same pixels, encoded another way.
  expect(ids([{ image: 1, id: 7 }, { image: 2 }], [{ image: 2 }, { image: 9, id: 7 }])).toEqual([
    [
      ["01", "09"],
      ["02", "02"],
    ],
    0,
    0,
  ]);
  // A run from before rows were logged.
  expect(ids([{ image: 1, id: 7 }], [{ image: 1 }])).toEqual([[["01", "01"]], 0, 0]);
  // Without a picture the place is all there is, but not where the rows say otherwise.
  expect(ids([{ label: 1 }, { label: 2 }], [{ label: 1 }])).toEqual([[["#0", "#0"]], 1, 0]);
  expect(ids([{ id: 5 }], [{ id: 6 }])).toEqual([[], 1, 1]);
  expect(ids([{ image: 1 }], [{ image: 2 }])).toEqual([[], 1, 1]);
});

test("series meet by tag, else by method and layer where that is unmistakable", () => {
  const frames = (...abouts: About[]) => abouts.map((about) => frameOf(about));
  const joined = (a: About[], b: About[]) => {
    const { pairs, onlyA, onlyB } = joinSeries(frames(...a), frames(...b));
    return [pairs.map(({ a, b }) => [a.series.tag, b.series.tag]), onlyA.length, onlyB.length];
  };
  const cam = { method: "GradCAM", layer: "conv" };
  expect(joined([{ tag: "x/cam", ...cam }, { tag: "own" }], [{ tag: "own" }, { tag: "y/cam", ...cam }])).toEqual([
    [
      ["x/cam", "y/cam"],
      ["own", "own"],
    ],
    0,
    0,
  ]);
  expect(
    joined(
      [{ tag: "x", ...cam }],
      [
        { tag: "y", ...cam },
        { tag: "z", ...cam },
      ],
    ),
  ).toEqual([[], 1, 2]);
  expect(joined([{ tag: "x", ...cam }], [{ tag: "y", ...cam, layer: "other" }])).toEqual([[], 1, 1]);
  expect(joined([{ tag: "x" }], [{ tag: "y" }])).toEqual([[], 1, 1]); // from elsewhere: only the tag says what it is
});

test("both sides explain the class that is chosen in B, where A has it", () => {
  const side = (step: number, predicted: number, targets: number[], classDependent = true, classes = LETTERS) => ({
    run: "r",
    step,
    frames: [frameOf({ step }, record([{ image: 1, label: 0, predicted }], targets, classDependent, classes))],
  });
  const maps = (...sides: [ReturnType<typeof side>, ReturnType<typeof side>]) => {
    const [pair] = joinSides(...sides, "predicted").pairs[0]?.maps ?? [];
    return pair && [pair.a.target?.classIndex, pair.b.target?.classIndex, sameSubject(pair), sameRecord(pair)];
  };
  expect(maps(side(0, 0, [0, 1]), side(9, 1, [0, 1]))).toEqual([1, 1, true, false]);
  expect(maps(side(0, 0, [0]), side(9, 1, [1]))).toEqual([0, 1, false, false]);
  expect(maps(side(0, 0, [0], false), side(9, 1, [1], false))).toEqual([0, 1, true, false]); // the same for every class
  expect(maps(side(9, 1, [0, 1]), side(9, 1, [0, 1]))).toEqual([1, 1, true, true]);
  const unnamed = new Uint8Array();
  expect(maps(side(0, 0, [0, 1], true, unnamed), side(9, 1, [0, 1]))).toEqual([1, 1, true, false]);
  // Of another list of classes: an index means another class.
  expect(maps(side(0, 0, [0, 1], true, DIGITS), side(9, 1, [0, 1]))).toEqual([0, 1, false, false]);
  expect(maps(side(0, 1, [0, 1], true, DIGITS), side(9, 1, [0, 1]))).toEqual([1, 1, false, false]);
  expect(maps(side(0, 1, [-1], true, DIGITS), side(9, 1, [-1]))).toEqual([-1, -1, true, false]);
  expect(maps(side(0, 0, [0], false, DIGITS), side(9, 1, [1], false))).toEqual([0, 1, true, false]);
});

test("the prediction of a sample is the one at the side's step, not of a series that was logged before", () => {
  const old = frameOf({ tag: "rare", step: 0 }, record([{ image: 1, predicted: 0 }]));
  const now = frameOf({ tag: "often", step: 9 }, record([{ image: 1, predicted: 1 }]));
  const side = { run: "r", step: 9, frames: [old, now] };
  expect(joinSides(side, side, "predicted").pairs[0]?.b.sample.predicted).toBe(1);
});

const pair = (a: Described, b: Described) => ({
  a: cards({ image: 1, ...a })[0] as ReturnType<typeof cards>[number],
  b: cards({ image: 1, ...b })[0] as ReturnType<typeof cards>[number],
});
const fixed = pair({ label: 1, predicted: 0 }, { label: 1, predicted: 1 });
const broken = pair({ label: 1, predicted: 1 }, { label: 1, predicted: 0 });
const moved = pair({ label: 2, predicted: 0 }, { label: 2, predicted: 1 });
const kept = pair({ label: 1, predicted: 1 }, { label: 1, predicted: 1 });
const unlabelled = pair({ predicted: 1 }, { predicted: 0 });
const unknown = pair({ label: 1 }, { label: 1, predicted: 1 });
const all = [fixed, broken, moved, kept, unlabelled, unknown];

test("a change of prediction is a repair, a loss, or neither", () => {
  expect(all.map(outcomeOf)).toEqual(["fixed", "broken", "changed", "same", "changed", "unknown"]);
  const counts = (["all", "changed", "fixed", "broken"] as const).map(
    (filter) => all.filter((pair) => passes(pair, filter)).length,
  );
  expect(counts).toEqual([6, 4, 1, 1]);
  expect(tallyOf(all)).toEqual({ samples: 6, judged: 4, rightA: 2, rightB: 2, changed: 4, fixed: 1, broken: 1 });
});

test("changed predictions come first, then the least similar maps; what is not known comes last", () => {
  const similarity = new Map([
    [fixed, 0.9],
    [broken, -0.2],
    [kept, 0.1],
  ]);
  const order = (...how: Parameters<typeof inOrder>[1][]) =>
    how.map((order) => inOrder(all, order, (pair) => similarity.get(pair)).map((pair) => all.indexOf(pair)));
  expect(order("change", "similarity", "logged")).toEqual([
    [1, 0, 2, 4, 3, 5],
    [1, 3, 0, 2, 4, 5],
    [0, 1, 2, 3, 4, 5],
  ]);
});

test("the probability that changes is that of the true class, or of B's prediction", () => {
  const gain = pair({ label: 1, predicted: 1, probability: 0.9 }, { label: 1, predicted: 0, probability: 0.6 });
  expect(gainOf(gain)).toBeCloseTo(0.5 - 0.9); // logged as a target in B
  expect(gainOf(pair({ predicted: 1, probability: 0.3 }, { predicted: 1, probability: 0.7 }))).toBeCloseTo(0.4);
  expect(gainOf(pair({ label: 8, predicted: 9 }, { label: 8, predicted: 9 }))).toBeUndefined();
  const small = pair({ predicted: 1, probability: 0.3 }, { predicted: 1, probability: 0.35 });
  const large = pair({ predicted: 1, probability: 0.3 }, { predicted: 1, probability: 0.9 });
  expect(inOrder([unknown, small, gain, large], "probability", () => undefined)).toEqual([large, gain, small, unknown]);
});

test("between sides with other lists of classes nothing is said of a change", () => {
  const of = (classes: Uint8Array<ArrayBuffer>) => {
    const sample = { image: 1, label: 1, predicted: 1, probability: 0.5 };
    return cardsOf([frameOf({}, record([sample], [0, 1], true, classes))])[0] as ReturnType<typeof cards>[number];
  };
  expect(outcomeOf({ a: of(LETTERS), b: of(LETTERS) })).toBe("same");
  const other = { a: of(LETTERS), b: of(DIGITS) };
  expect([outcomeOf(other), gainOf(other), passes(other, "changed")]).toEqual(["unknown", undefined, false]);
  expect(tallyOf([other])).toMatchObject({ judged: 1, rightA: 1, rightB: 1, changed: 0 }); // each by its own classes
});
