/** Joins the records of several series into one card for each sample, and chooses the target that a card explains. */
import type { ExplainedRecord, ExplainedSample, Target } from "../../data/explained.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import type { ClassChoice, Outcome, Sort } from "../../state/samples.ts";

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

export function arrange(cards: readonly Card[], sort: Sort, outcome: Outcome): Card[] {
  const shown =
    outcome === "all" ? [...cards] : cards.filter(({ sample }) => isRight(sample) === (outcome === "right"));
  const order = ORDERS[sort];
  return order ? shown.sort((a, b) => order(a.sample) - order(b.sample)) : shown;
}

const ORDERS: Record<Sort, ((sample: ExplainedSample) => number) | null> = {
  logged: null,
  mistakes: (sample) => [0, 2, 1][[false, true, undefined].indexOf(isRight(sample))] ?? 1,
  unsure: ({ probability }) => probability ?? 2,
  sure: ({ probability }) => -(probability ?? -1),
};

/** The target that `choice` means for this sample; `null` when it was not logged. */
export function chooseTarget({ sample, record }: Explanation, choice: ClassChoice): Target | null {
  const { targets } = sample;
  const anyClass = targets.some(({ classIndex }) => classIndex >= 0);
  if (!record.classDependent || !anyClass) return targets[0] ?? null; // there is nothing to choose from
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
export function ranked(targets: readonly Target[]): Target[] {
  const classes = new Map(
    targets.filter(({ classIndex }) => classIndex >= 0).map((target) => [target.classIndex, target]),
  );
  return [...classes.values()].sort((a, b) => (b.probability ?? -1) - (a.probability ?? -1));
}
