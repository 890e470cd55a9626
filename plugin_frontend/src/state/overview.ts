/** What the overview makes of predictions: how many were right at each step, the worst mistakes, and what changed since. */
import type { SampleSummary } from "../data/summaries.ts";
import type { Moment } from "./histories.ts";

/** Of the samples whose label and prediction are known, how many are right. */
export type Score = { right: number; of: number };

export function outcomeOf({ label, predicted }: SampleSummary): "right" | "wrong" | undefined {
  if (label === undefined || predicted === undefined) return undefined;
  return label === predicted ? "right" : "wrong";
}

export function scoreOf(samples: readonly SampleSummary[]): Score {
  const outcomes = samples.map(outcomeOf);
  return {
    right: outcomes.filter((outcome) => outcome === "right").length,
    of: outcomes.filter((outcome) => outcome !== undefined).length,
  };
}

/** `undefined`: nothing is known. */
export function shareOf({ right, of }: Score): number | undefined {
  return of ? right / of : undefined;
}

/** Wrong predictions, those made with the highest probability first; those without a probability last. */
export function mistakesOf(samples: readonly SampleSummary[]): SampleSummary[] {
  return samples
    .filter((sample) => outcomeOf(sample) === "wrong")
    .sort((a, b) => (b.probability ?? -1) - (a.probability ?? -1));
}

/** Those whose probability is known, the lowest first. */
export function leastSure(samples: readonly SampleSummary[]): SampleSummary[] {
  return samples
    .filter(({ probability }) => probability !== undefined)
    .sort((a, b) => (a.probability as number) - (b.probability as number));
}

/** Samples that were wrong and now are right, and the other way round, the surest first. */
export type Turns = { since: number; learnt: SampleSummary[]; forgotten: SampleSummary[] };

/** Against the nearest moment before `step`; `null`: there is none. */
export function turnsOf(moments: readonly Moment[], step: number, now: readonly SampleSummary[]): Turns | null {
  const before = moments.findLast((moment) => moment.step < step);
  if (!before) return null;
  const then = new Map(before.samples.map((sample) => [sample.id, outcomeOf(sample)]));
  const turned = (from: string, to: string) =>
    now
      .filter((sample) => outcomeOf(sample) === to && then.get(sample.id) === from)
      .sort((a, b) => (b.probability ?? -1) - (a.probability ?? -1));
  return { since: before.step, learnt: turned("wrong", "right"), forgotten: turned("right", "wrong") };
}
