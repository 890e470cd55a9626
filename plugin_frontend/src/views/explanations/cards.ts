/** Joins the records of several series into one card for each sample, and chooses the target that a card explains. */
import type { ExplainedRecord, ExplainedSample, SummarisedTarget, Target } from "../../data/explained.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import type { ClassChoice, Outcome, SORTS, Sort } from "../../state/samples.ts";

/** One series' explanation of one sample. */
export type Explanation = { frame: SeriesFrame; sample: ExplainedSample; record: ExplainedRecord };

/** One sample and what the series say of it. */
export type Card = { sample: ExplainedSample; record: ExplainedRecord; explanations: Explanation[] };

/** Cards in the order in which samples were logged. Of two explanations of an image at one step the later one counts. */
export function cardsOf(frames: readonly SeriesFrame[]): Card[] {
  const cards = new Map<string, Card>();
  for (const frame of frames) {
    const explanations = new Map<string, Explanation>();
    for (const record of frame.records)
      for (const sample of record?.samples ?? [])
        explanations.set(sample.id, { frame, sample, record: record as ExplainedRecord });
    for (const [id, explanation] of explanations) {
      const card = cards.get(id);
      if (card) card.explanations.push(explanation);
      else cards.set(id, { ...explanation, explanations: [explanation] });
    }
  }
  return [...cards.values()];
}

/** `undefined`: the label or the prediction is not known. */
export function isRight({ label, predicted }: ExplainedSample): boolean | undefined {
  return label === undefined || predicted === undefined ? undefined : label === predicted;
}

export function arrange(cards: readonly Card[], sort: Sort, outcome: Outcome, choice: ClassChoice): Card[] {
  const shown =
    outcome === "all" ? [...cards] : cards.filter(({ sample }) => isRight(sample) === (outcome === "right"));
  const order = sort in ORDERS ? ORDERS[sort as keyof typeof ORDERS] : byFigure(sort, choice);
  return order ? shown.sort((a, b) => order(a) - order(b)) : shown;
}

/** Otherwise in the same order. */
export function pinnedFirst(cards: readonly Card[], pinned: ReadonlySet<string>): Card[] {
  const isPinned = ({ sample }: Card) => pinned.has(sample.id);
  return [...cards.filter(isPinned), ...cards.filter((card) => !isPinned(card))];
}

const ORDERS: Record<(typeof SORTS)[number], ((card: Card) => number) | null> = {
  logged: null,
  mistakes: ({ sample }) => [0, 2, 1][[false, true, undefined].indexOf(isRight(sample))] ?? 1,
  unsure: ({ sample: { probability } }) => probability ?? 2,
  sure: ({ sample: { probability } }) => -(probability ?? -1),
};

/** By the mean of a figure over the maps of a card; cards without it come last. */
function byFigure(sort: string, choice: ClassChoice): (card: Card) => number {
  const colon = sort.indexOf(":");
  const sign = sort.slice(0, colon) === "low" ? 1 : -1;
  const name = sort.slice(colon + 1);
  return ({ explanations }) => {
    const values = explanations.flatMap(
      (explanation) => chooseTarget(explanation, choice)?.figures.find((figure) => figure.name === name)?.value ?? [],
    );
    if (values.length === 0) return Number.MAX_VALUE;
    return (sign * values.reduce((sum, value) => sum + value, 0)) / values.length;
  };
}

/** The target that `choice` means for this sample; `null` when it was not logged. */
export function chooseTarget({ sample, record }: Explanation, choice: ClassChoice): Target | null {
  return targetOf(sample, record.classDependent, choice);
}

export function targetOf<T extends SummarisedTarget>(
  sample: ExplainedSample<T>,
  classDependent: boolean,
  choice: ClassChoice,
): T | null {
  const { targets } = sample;
  const anyClass = targets.some(({ classIndex }) => classIndex >= 0);
  if (!classDependent || !anyClass) return targets[0] ?? null; // there is nothing to choose from
  const ofClass = (index: number | undefined) => targets.find(({ classIndex }) => classIndex === index) ?? null;
  switch (choice) {
    case "predicted":
      // Not logged: the most probable class that was. The caption names it.
      return ofClass(sample.predicted) ?? ranked(targets)[0] ?? null;
    case "label":
      return sample.label === undefined ? null : ofClass(sample.label);
    case "second":
      return ranked(targets)[1] ?? null;
    case "third":
      return ranked(targets)[2] ?? null;
    default:
      return ofClass(choice);
  }
}

/** The targets that are classes, each class once, the most probable first. */
export function ranked<T extends SummarisedTarget>(targets: readonly T[]): T[] {
  const classes = new Map(
    targets.filter(({ classIndex }) => classIndex >= 0).map((target) => [target.classIndex, target]),
  );
  return [...classes.values()].sort((a, b) => (b.probability ?? -1) - (a.probability ?? -1));
}
