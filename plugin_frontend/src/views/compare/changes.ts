/** What became of a sample's prediction from A to B, and the order and choice of samples by it. */
import type { Change, CompareOrder } from "../../state/compare.ts";
import { type Card, isRight } from "../explanations/cards.ts";
import { type SamplePair, sameClasses } from "./pairs.ts";

/** `changed`: to another class, neither from wrong to right nor back. */
export type Outcome = "same" | "fixed" | "broken" | "changed" | "unknown";

type Predictions = Pick<SamplePair, "a" | "b">;

export function outcomeOf({ a, b }: Predictions): Outcome {
  if (!sameClasses(a, b) || a.sample.predicted === undefined || b.sample.predicted === undefined) return "unknown";
  if (a.sample.predicted === b.sample.predicted) return "same";
  const [before, after] = [isRight(a.sample), isRight(b.sample)];
  if (before === false && after === true) return "fixed";
  return before === true && after === false ? "broken" : "changed";
}

const hasChanged = (pair: Predictions) => !["same", "unknown"].includes(outcomeOf(pair));

export function passes(pair: Predictions, filter: Change): boolean {
  if (filter === "all") return true;
  return filter === "changed" ? hasChanged(pair) : outcomeOf(pair) === filter;
}

/** The probability that a side gives to a class; `undefined`: it was not logged. */
export function probabilityOf({ sample, explanations }: Card, classIndex: number): number | undefined {
  if (sample.predicted === classIndex && sample.probability !== undefined) return sample.probability;
  for (const { sample } of explanations) {
    const target = sample.targets.find((target) => target.classIndex === classIndex);
    if (target?.probability !== undefined) return target.probability;
  }
  return undefined;
}

/** From A to B, of the true class, or of the one that B predicts where that is not known on both sides. */
export function gainOf({ a, b }: Predictions): number | undefined {
  if (!sameClasses(a, b)) return undefined;
  for (const classIndex of [b.sample.label, b.sample.predicted]) {
    if (classIndex === undefined) continue;
    const [before, after] = [probabilityOf(a, classIndex), probabilityOf(b, classIndex)];
    if (before !== undefined && after !== undefined) return after - before;
  }
  return undefined;
}

/** What is not known comes last. `similarityOf`: from -1 to 1. */
export function inOrder<Pair extends Predictions>(
  pairs: readonly Pair[],
  order: CompareOrder,
  similarityOf: (pair: Pair) => number | undefined,
): Pair[] {
  const keys = new Map(
    pairs.map((pair): [Pair, number[]] => {
      const similarity = similarityOf(pair) ?? 2;
      const gain = gainOf(pair);
      const byOrder = {
        change: [hasChanged(pair) ? 0 : 1, similarity],
        similarity: [similarity],
        probability: [gain === undefined ? 1 : -Math.abs(gain)],
        logged: [],
      };
      return [pair, byOrder[order]];
    }),
  );
  return [...pairs].sort((a, b) => {
    const [first, second] = [keys.get(a) ?? [], keys.get(b) ?? []];
    const at = first.findIndex((key, i) => key !== second[i]);
    return at < 0 ? 0 : (first[at] as number) - (second[at] as number);
  });
}

type Tally = {
  samples: number;
  /** How many of the samples whose label and prediction are known on both sides each side gets right. */
  judged: number;
  rightA: number;
  rightB: number;
  changed: number;
  fixed: number;
  broken: number;
};

export function tallyOf(pairs: readonly Predictions[]): Tally {
  const judged = pairs.filter(({ a, b }) => isRight(a.sample) !== undefined && isRight(b.sample) !== undefined);
  const outcomes = pairs.map(outcomeOf);
  const count = (outcome: Outcome) => outcomes.filter((found) => found === outcome).length;
  return {
    samples: pairs.length,
    judged: judged.length,
    rightA: judged.filter(({ a }) => isRight(a.sample)).length,
    rightB: judged.filter(({ b }) => isRight(b.sample)).length,
    changed: pairs.filter(hasChanged).length,
    fixed: count("fixed"),
    broken: count("broken"),
  };
}
