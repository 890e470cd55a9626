/** What the correlation of two superpixels means, and which superpixels are related. */
import type { Pair } from "../../../data/correlations.ts";

type Relation = "together" | "substitute";

export const RELATION_WORDS: Record<Relation, string> = {
  together: "needed together",
  substitute: "substitutes",
};

export function relationOf({ correlation }: Pair): Relation {
  return correlation < 0 ? "substitute" : "together";
}

/** The same whichever of the two comes first. */
export function pairKey(first: number, second: number): string {
  return `${Math.min(first, second)}-${Math.max(first, second)}`;
}

export function keyOf({ first, second }: Pair): string {
  return pairKey(first, second);
}

/** A pair and its place among all pairs of the image, from 1. */
export type RankedPair = Pair & { rank: number };

/** The pairs of this superpixel, or all of them. */
export function pairsWith(pairs: readonly Pair[], superpixel: number | null): RankedPair[] {
  const numbered = pairs.map((pair, i) => ({ ...pair, rank: i + 1 }));
  return superpixel === null
    ? numbered
    : numbered.filter(({ first, second }) => first === superpixel || second === superpixel);
}

/** The superpixels that occur in pairs, those that the score loses most without first. */
export function relatedSuperpixels(pairs: readonly Pair[], sensitivities: Float32Array): number[] {
  const size = (i: number) => Math.abs(sensitivities[i] ?? 0);
  return [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].sort((a, b) => size(b) - size(a) || a - b);
}

/** Below this a superpixel interferes: the score is higher without it. */
const INTERFERENCE = -0.02;

/** Those whose removal raises the score, the most first. */
export function interfering(sensitivities: Float32Array): number[] {
  const of = (i: number) => sensitivities[i] as number;
  return Array.from(sensitivities.keys())
    .filter((i) => of(i) < INTERFERENCE)
    .sort((a, b) => of(a) - of(b));
}
