import { create, toBinary } from "@bufbuild/protobuf";
import { effect } from "@preact/signals";
import { afterEach, expect, test, vi } from "vitest";
import { decodeSummary } from "../data/summaries.ts";
import { Better, SummarySchema } from "../records/explain_pb.ts";
import { forgetAll } from "./forget.ts";
import { chosenSteps, historyOf, momentsOf } from "./histories.ts";
import type { Series } from "./series.ts";
import { stepIndex } from "./steps.ts";

const series = { run: "r", kind: "HEATMAPS", tag: "t" } as Series;

const steps = (values: number[], counts = values.map(() => 1)) => ({
  tag: "t",
  kind: "HEATMAPS",
  steps: values,
  wall_times: values,
  counts,
  keys: values.map((step, i) => `k-${step}-${i}`),
});

function summary(probability: number, image: number[] = []): Uint8Array {
  return toBinary(
    SummarySchema,
    create(SummarySchema, {
      samples: [{ image: Uint8Array.from(image), label: 1, predicted: 0, probability }],
      targets: [0, 1],
      probabilities: [probability, 1 - probability],
      figures: [{ name: "drift", values: [0.5, Number.NaN], better: Better.LOWER }],
    }),
  );
}

function answer(payloads: Uint8Array[]): Response {
  const parts = payloads.flatMap((payload) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, payload.length, true);
    return [length, payload.slice()];
  });
  return new Response(new Blob(parts));
}

afterEach(() => {
  forgetAll();
  vi.restoreAllMocks();
});

test("a summary tells of samples and targets, and figures that are known", () => {
  const { samples } = decodeSummary(summary(0.25));
  expect(samples[0]).toMatchObject({ id: "#0", label: 1, predicted: 0, probability: 0.25 });
  expect(samples[0]?.targets.map(({ classIndex, probability }) => [classIndex, probability])).toEqual([
    [0, 0.25],
    [1, 0.75],
  ]);
  expect(samples[0]?.targets.map(({ figures }) => figures.length)).toEqual([1, 0]);
  expect(() =>
    decodeSummary(toBinary(SummarySchema, create(SummarySchema, { samples: [{}, {}], targets: [0] }))),
  ).toThrow("contradicts");
});

test("a history is fetched once, and again for what is new only", async () => {
  const asked: string[][] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    const query = new URLSearchParams(address.split("?")[1]);
    asked.push(query.getAll("key"));
    expect([address.split("?")[0], query.get("sample")]).toEqual(["summaries", "ab".repeat(16)]);
    return answer(query.getAll("key").map((key) => summary(Number(key.split("-")[1]) / 100)));
  });
  stepIndex.value = new Map([["r", new Map([["HEATMAPS:t", steps([10, 20])]])]]);
  const seen: (number[] | null | undefined)[] = [];
  const stop = effect(() => {
    const history = historyOf(series, "ab".repeat(16));
    seen.push(history?.moments.map(({ samples }) => samples[0]?.probability ?? -1));
  });
  await vi.waitFor(() => expect(seen.at(-1)).toHaveLength(2));
  stepIndex.value = new Map([["r", new Map([["HEATMAPS:t", steps([10, 20, 30])]])]]);
  await vi.waitFor(() => expect(seen.at(-1)).toHaveLength(3));
  stop();
  expect(asked).toEqual([["k-10-0", "k-20-1"], ["k-30-2"]]);
  expect(seen.filter((value) => value === undefined)).toHaveLength(1); // what is known stays on screen
  expect(seen.at(-1)?.map((value) => Number(value.toFixed(2)))).toEqual([0.1, 0.2, 0.3]);
});

test("of too many samples even steps are chosen, first and last among them", () => {
  expect([...chosenSteps(steps([0, 1, 2, 3]), 1)]).toEqual([0, 3]);
  expect([...chosenSteps(steps([0, 1, 2, 3, 4], [10, 10, 10, 10, 10]), 30)]).toEqual([0, 2, 4]);
  expect([...chosenSteps(steps([5, 5, 7]), 3)]).toEqual([5, 7]);
  expect(chosenSteps(steps([]), 3).size).toBe(0);
});

test("of very many steps a history shows some, which stay the same while there are more and more", () => {
  const logged = (n: number) => steps(Array.from({ length: n }, (_, i) => i));
  const chosen = [...chosenSteps(logged(100_000), Number.POSITIVE_INFINITY)];
  expect(chosen.length).toBeGreaterThan(900);
  expect(chosen.length).toBeLessThanOrEqual(2001);
  expect([chosen[0], chosen.at(-1)]).toEqual([0, 99_999]);
  const gaps = chosen.slice(1, -1).map((step, i) => step - (chosen[i] as number));
  expect(new Set(gaps).size).toBe(1);
  const later = chosenSteps(logged(100_050), Number.POSITIVE_INFINITY);
  expect(chosen.filter((step) => !later.has(step))).toEqual([99_999]);
});

test("of two records of a step the later tells of a sample; what cannot be read is left out", () => {
  const first = decodeSummary(summary(0.1, [1]));
  const other = decodeSummary(summary(0.2, [2]));
  const later = decodeSummary(summary(0.3, [1]));
  const moments = momentsOf([
    { step: 1, record: first },
    { step: 1, record: other },
    { step: 1, record: later },
    { step: 2, record: null },
    { step: 3, record: other },
  ]);
  expect(
    moments.map(({ step, samples }) => [step, ...samples.map(({ probability }) => probability?.toFixed(1))]),
  ).toEqual([
    [1, "0.3", "0.2"],
    [3, "0.2"],
  ]);
  const twice = { ...first, samples: [...first.samples, ...later.samples] };
  expect(momentsOf([{ step: 1, record: twice }])[0]?.samples).toEqual(later.samples);
});
