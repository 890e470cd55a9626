import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { ExplainedRecord } from "../../data/explained.ts";
import { decodeHeatmaps } from "../../data/heatmaps.ts";
import { Better, DType, HeatmapsSchema } from "../../records/explain_pb.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import type { ClassChoice, Sort } from "../../state/samples.ts";
import { arrange, cardsOf, chooseTarget, type Explanation } from "./cards.ts";

type Described = { image: number; label?: number; predicted?: number; probability?: number };

function record(
  samples: Described[],
  targets = [1, 2, 3],
  probabilities = [0.2, 0.5, 0.3],
  classDependent = true,
  insertion?: number[],
): ExplainedRecord {
  const t = targets.length;
  const message = create(HeatmapsSchema, {
    samples: samples.map(({ image, ...rest }) => ({ image: Uint8Array.of(image), ...rest })),
    maps: { dtype: DType.UINT8, shape: [samples.length, t, 1, 1], data: new Uint8Array(samples.length * t) },
    targets: samples.flatMap(() => targets),
    probabilities: samples.flatMap(() => probabilities),
    classDependent,
    figures: insertion ? [{ name: "insertion", values: insertion, better: Better.HIGHER }] : [],
  });
  return decodeHeatmaps("k", toBinary(HeatmapsSchema, message));
}

function frameOf(tag: string, ...records: ExplainedRecord[]): SeriesFrame {
  return {
    series: { run: "r", tag, kind: "HEATMAPS", method: "", layer: "", parameters: "", description: "", records: 1 },
    step: 0,
    wallTime: 0,
    records,
  };
}

test("series meet in the card of their image, and a later record of the same image counts", () => {
  const early = record([{ image: 1, predicted: 1 }, { image: 2 }]);
  const late = record([{ image: 1, predicted: 3 }]);
  const cards = cardsOf([frameOf("a", early, late), frameOf("b", record([{ image: 2 }, { image: 9 }]))]);
  expect(
    cards.map(({ sample, explanations }) => [sample.id, explanations.map(({ frame }) => frame.series.tag)]),
  ).toEqual([
    ["01", ["a"]],
    ["02", ["a", "b"]],
    ["09", ["b"]],
  ]);
  expect(cards[0]?.sample.predicted).toBe(3);
});

test("samples are filtered and ordered by what the model made of them", () => {
  const cards = cardsOf([
    frameOf(
      "a",
      record([
        { image: 1, label: 0, predicted: 0, probability: 0.9 },
        { image: 2, label: 0, predicted: 1, probability: 0.6 },
        { image: 3 },
        { image: 4, label: 2, predicted: 2, probability: 0.4 },
      ]),
    ),
  ]);
  const ids = (...how: [Parameters<typeof arrange>[1], Parameters<typeof arrange>[2]]) =>
    arrange(cards, ...how, "predicted").map(({ sample }) => sample.id);
  expect(ids("logged", "all")).toEqual(["01", "02", "03", "04"]);
  expect(ids("logged", "wrong")).toEqual(["02"]);
  expect(ids("logged", "right")).toEqual(["01", "04"]);
  expect(ids("mistakes", "all")).toEqual(["02", "03", "01", "04"]);
  expect(ids("unsure", "all")).toEqual(["04", "02", "01", "03"]);
  expect(ids("sure", "all")).toEqual(["01", "02", "04", "03"]);
});

test("samples are ordered by the mean figure of their maps for the chosen class, those without it last", () => {
  const images = [1, 2, 3].map((image) => ({ image, label: 2, predicted: 1 }));
  const first = record(images, [1, 2], [0.6, 0.4], true, [0.5, 0.1, 0.2, 0.3, Number.NaN, 0.2]);
  const second = record(images.slice(0, 2), [1, 2], [0.6, 0.4], true, [0.1, 0.1, 0.8, 0.3]);
  const cards = cardsOf([frameOf("a", first), frameOf("b", second), frameOf("c", record(images))]);
  const ids = (...how: [Sort, ClassChoice]) => arrange(cards, how[0], "all", how[1]).map(({ sample }) => sample.id);
  expect(ids("low:insertion", "predicted")).toEqual(["01", "02", "03"]); // 0.3, 0.5, not known
  expect(ids("high:insertion", "predicted")).toEqual(["02", "01", "03"]);
  expect(ids("low:insertion", "label")).toEqual(["01", "03", "02"]); // 0.1, 0.2, 0.3
  expect(ids("high:deletion", "predicted")).toEqual(["01", "02", "03"]);
});

test("the class to explain is found by role or by index, or honestly not at all", () => {
  const of = (made: ExplainedRecord): Explanation => cardsOf([frameOf("a", made)])[0]?.explanations[0] as Explanation;
  const explanation = of(record([{ image: 1, label: 3, predicted: 1 }]));
  const chosen = (["predicted", "label", "second", "third", 2, 7] as const).map(
    (choice) => chooseTarget(explanation, choice)?.classIndex,
  );
  expect(chosen).toEqual([1, 3, 3, 1, 2, undefined]);
  expect(chooseTarget(of(record([{ image: 1 }])), "predicted")?.classIndex).toBe(2); // the most probable one
  expect(chooseTarget(of(record([{ image: 1, predicted: 6 }])), "predicted")?.classIndex).toBe(2); // not logged for 6
  expect(chooseTarget(of(record([{ image: 1 }], [5], [1], false)), 7)?.classIndex).toBe(5); // does not depend on the class
  expect(chooseTarget(of(record([{ image: 1, label: 0 }], [-1], [1])), "label")?.classIndex).toBe(-1); // no class at all
});
