import { expect, test } from "vitest";
import { ERRORS, errorText } from "../../../data/errors.ts";
import type { ExplainedSample, Figure } from "../../../data/explained.ts";
import type { ReconstructionDetail } from "../../../data/reconstructions.ts";
import { Better } from "../../../records/explain_pb.ts";
import type { Card } from "../cards.ts";
import { averaged, byOutcome } from "./errors.ts";
import { chosenOf, itemsOf, worst } from "./items.ts";

const figures = (...values: (number | undefined)[]): Figure[] =>
  values.flatMap((value, i) =>
    value === undefined
      ? []
      : [{ name: ERRORS[i] as string, value, random: undefined, centred: undefined, better: Better.LOWER }],
  );

test("errors are averaged over the samples that have them, and the ratio is that of the means", () => {
  const column = averaged([figures(10, 1, undefined, 30), figures(30, 3, undefined, 50), figures(99, 99)]);
  expect(column).toEqual({ count: 2, errors: [20, 2, undefined, 40], ratio: 2 });
  expect(averaged([])).toEqual({ count: 0, errors: [undefined, undefined, undefined, undefined], ratio: undefined });
  expect(averaged([figures(0, 1, 1, 5)]).ratio).toBeUndefined(); // nothing to compare with
});

test("right and wrong samples are kept apart, those without a label belong to neither", () => {
  const card = (label: number | undefined, predicted: number, value: number) =>
    ({ sample: { label, predicted, targets: [{ figures: figures(value) }] } as unknown as ExplainedSample }) as Card;
  const { right, wrong } = byOutcome([card(1, 1, 2), card(0, 1, 10), card(1, 1, 4), card(undefined, 1, 99)]);
  expect([right.count, right.errors[0]]).toEqual([2, 3]);
  expect([wrong.count, wrong.errors[0]]).toEqual([1, 10]);
});

const made = (layer: string, throughCentroids = false, error?: number) => ({
  layer,
  throughCentroids,
  picture: { image: layer, volume: "" },
  error,
});

const detail = (...reconstructions: ReconstructionDetail["reconstructions"]): ReconstructionDetail => ({
  kind: "RECONSTRUCTIONS",
  input: { image: "x", volume: "" },
  reconstructions,
  representative: undefined,
  prototype: undefined,
  fields: [],
});

test("the input comes first, and every source is named", () => {
  const items = itemsOf(detail(made("conv1", false, 2), made("conv1", true), made("", false, 7), made("", true)));
  expect(items.map(({ title }) => title)).toEqual([
    "input",
    "conv1",
    "conv1 · centroids",
    "class",
    "class · centroids",
  ]);
  expect(
    itemsOf(detail(made("features.3"), made("3", true)))
      .map(({ title }) => title)
      .slice(1),
  ).toEqual(["features.3", "layer 3 · centroids"]);
  expect(items.map(({ error }) => error)).toEqual([undefined, 2, undefined, 7, undefined]);
  expect(worst(items)).toBe(7);
  expect(new Set(items.map(({ key }) => key)).size).toBe(5);
});

test("the class's reconstruction is enlarged until another is chosen that there is", () => {
  const logged = detail(made("conv1"), made("", true), made(""));
  expect([null, 0, 2, 3, 4].map((chosen) => chosenOf(logged, chosen))).toEqual([3, 0, 2, 3, 3]);
  expect(chosenOf(detail(made("conv1"), made("conv2")), null)).toBe(2);
  expect(chosenOf(detail(), null)).toBe(0);
});

test("errors are written with three digits, and all of the whole ones", () => {
  expect([0, 0.0123456, 19.24, 358, 15804.6, 0.00001234].map(errorText)).toEqual([
    "0",
    "0.0123",
    "19.2",
    "358",
    "15\u202f805",
    "1.2e−5",
  ]);
});
