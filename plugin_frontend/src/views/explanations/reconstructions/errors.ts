/** The four errors of reconstructions, of one sample and on average over samples. */

import { ERRORS } from "../../../data/errors.ts";
import type { Figure } from "../../../data/explained.ts";
import { type Card, isRight } from "../cards.ts";

export type Column = {
  /** How many samples it averages over. */
  count: number;
  /** As ERRORS names them; `undefined`: not logged. */
  errors: (number | undefined)[];
  /** The last error by the first: of the means, which a few samples with small errors do not dominate. */
  ratio: number | undefined;
};

/** Fewer samples say nothing about a rate. */
export const ENOUGH = 20;

/** `figures`: of each sample. Those that lack an error which others have are left out, or the columns would not compare. */
export function averaged(figures: readonly (readonly Figure[])[]): Column {
  const valuesOf = (of: readonly Figure[]) => ERRORS.map((name) => of.find((figure) => figure.name === name)?.value);
  const all = figures.map(valuesOf);
  const logged = ERRORS.map((_, e) => all.some((values) => values[e] !== undefined));
  const complete = all.filter((values) => logged.every((is, e) => !is || values[e] !== undefined));
  const errors = ERRORS.map((_, e) =>
    logged[e] && complete.length
      ? complete.reduce((sum, values) => sum + (values[e] as number), 0) / complete.length
      : undefined,
  );
  const [first, , , last] = errors;
  return { count: complete.length, errors, ratio: first && last !== undefined ? last / first : undefined };
}

/** Of the samples that the model got right and of those it got wrong. */
export function byOutcome(cards: readonly Card[]): { right: Column; wrong: Column } {
  const of = (right: boolean) =>
    averaged(
      cards.filter(({ sample }) => isRight(sample) === right).map(({ sample }) => sample.targets[0]?.figures ?? []),
    );
  return { right: of(true), wrong: of(false) };
}
