import { expect, test } from "vitest";
import type { Figure } from "../data/explained.ts";
import type { SampleSummary } from "../data/summaries.ts";
import { Better } from "../records/explain_pb.ts";
import { driftsOf, faithfulnessOf, type Said, worstFirst } from "./overview_maps.ts";

const figure = (name: string, value: number, random?: number, better = Better.HIGHER): Figure => ({
  name,
  value,
  random,
  centred: undefined,
  better,
});

/** One target, of the predicted class; another one, of class 1, whose figures must not count. */
const sample = (id: string, ...figures: Figure[]): SampleSummary => ({
  id,
  row: 0,
  image: "",
  label: 0,
  predicted: 0,
  probability: 0.9,
  name: "",
  segments: "",
  volume: "",
  targets: [
    { classIndex: 1, probability: 0.1, flags: 0, figures: [figure("insertion", -9, 9), figure("drift_spearman", -1)] },
    { classIndex: 0, probability: 0.9, flags: 0, figures },
  ],
});

const said = (tag: string, ...samples: SampleSummary[]): Said => ({
  series: { tag, kind: "HEATMAPS", run: "run", method: tag, layer: "", parameters: "", description: "", records: 1 },
  step: 10,
  samples,
  classes: "",
});

const moved = (value: number) => figure("drift_spearman", value);

test("the series whose maps changed most comes first, with the sample that changed most", () => {
  const drifts = driftsOf([
    said("steady", sample("a", moved(0.9)), sample("b", moved(1))),
    said("silent", sample("a")),
    said("restless", sample("a", moved(0.6)), sample("b", moved(-0.2)), sample("c")),
  ]);
  expect(drifts.map(({ said, likeness, worst }) => [said.series.tag, likeness.toFixed(2), worst.id])).toEqual([
    ["restless", "0.20", "b"],
    ["steady", "0.95", "a"],
  ]);
});

test("maps are ranked by how much better than noise they are", () => {
  const insertion = (value: number, random: number) => figure("insertion", value, random);
  const ranked = faithfulnessOf([
    said("good", sample("a", insertion(0.9, 0.5)), sample("b", insertion(0.7, 0.5))),
    said("bad", sample("a", insertion(0.5, 0.4)), sample("b", insertion(0.1, 0.4)), sample("c", insertion(0.3, 0.3))),
  ]);
  expect(
    ranked.map(({ said, advantage, value, random }) => [
      said.series.tag,
      advantage.toFixed(3),
      value.toFixed(2),
      random.toFixed(3),
    ]),
  ).toEqual([
    ["bad", "-0.067", "0.30", "0.367"],
    ["good", "0.300", "0.80", "0.500"],
  ]);
  expect(ranked.map(worstFirst)).toEqual(["low:insertion", "low:insertion"]);
  expect(ranked[0]).toMatchObject({ beaten: 2, of: 3, worst: { id: "b" } }); // 0.1 < 0.4, and 0.3 is no better than 0.3
});

test("where lower is better, less than noise is an advantage", () => {
  const deletion = (value: number, random: number) => figure("deletion", value, random, Better.LOWER);
  const ranked = faithfulnessOf([
    said("high", sample("a", deletion(0.5, 0.4))),
    said("low", sample("a", deletion(0.1, 0.4)), sample("b", deletion(0.3, 0.4))),
  ]);
  expect(ranked.map(({ said, advantage }) => [said.series.tag, advantage.toFixed(1)])).toEqual([
    ["high", "-0.1"],
    ["low", "0.2"],
  ]);
  expect(ranked[1]?.worst.id).toBe("b");
  expect(ranked.map(worstFirst)).toEqual(["high:deletion", "high:deletion"]);
});

test("series are ranked by the figure that most of them have, and left out when they lack it", () => {
  const ranked = faithfulnessOf([
    said("a", sample("s", figure("insertion", 0.5, 0.1), figure("road", 0.2, 0.1))),
    said("b", sample("s", figure("road", 0.5, 0.1))),
    said("c", sample("s", figure("insertion", 0.5))), // nothing to compare with
  ]);
  expect(ranked.map(({ said, figure }) => [said.series.tag, figure])).toEqual([
    ["a", "road"],
    ["b", "road"],
  ]);
  expect(faithfulnessOf([said("c", sample("s", figure("insertion", 0.5)))])).toEqual([]);
});
