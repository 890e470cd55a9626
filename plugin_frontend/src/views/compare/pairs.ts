/** Joins two sides: their samples by content, their series by what they are, and in each sample the maps of both. */
import type { Target } from "../../data/explained.ts";
import type { SideFrame } from "../../state/compare_frame.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import { groupBy } from "../../state/group.ts";
import type { ClassChoice } from "../../state/samples.ts";
import { type Series, seriesKey } from "../../state/series.ts";
import { type Card, cardsOf, chooseTarget, type Explanation } from "../explanations/cards.ts";

/** A series on both sides. */
type SeriesPair = { key: string; a: SeriesFrame; b: SeriesFrame };

/** One series' maps of one sample; `null`: the class was not logged. */
export type MapPair = {
  series: SeriesPair;
  a: { explanation: Explanation; target: Target | null };
  b: { explanation: Explanation; target: Target | null };
};

/** A sample on both sides. */
export type SamplePair = { id: string; a: Card; b: Card; maps: MapPair[] };

type Joined<Item, Pair> = { pairs: Pair[]; onlyA: Item[]; onlyB: Item[] };

/** By kind and tag; those left over by kind, method and layer, where that names one series on each side. */
export function joinSeries(a: readonly SeriesFrame[], b: readonly SeriesFrame[]): Joined<SeriesFrame, SeriesPair> {
  const pairs = new Map<SeriesFrame, SeriesFrame>();
  const taken = new Set<SeriesFrame>();
  const free = (side: readonly SeriesFrame[]) => side.filter((frame) => !pairs.has(frame) && !taken.has(frame));
  const joinBy = (nameOf: (series: Series) => string) => {
    const [first, second] = [a, b].map((side) => groupBy(free(side), ({ series }) => nameOf(series)));
    for (const [name, mine] of first ?? []) {
      const theirs = second?.get(name) ?? [];
      const [frame, partner] = [mine[0], theirs[0]];
      if (!frame || !partner || mine.length > 1 || theirs.length > 1) continue;
      pairs.set(frame, partner);
      taken.add(partner);
    }
  };
  joinBy(seriesKey);
  joinBy(({ kind, method, layer, tag }) => (method ? JSON.stringify([kind, method, layer]) : seriesKey({ kind, tag })));
  return {
    pairs: a.flatMap((frame) => {
      const partner = pairs.get(frame);
      return partner ? [{ key: seriesKey(frame.series), a: frame, b: partner }] : [];
    }),
    onlyA: free(a),
    onlyB: free(b),
  };
}

/** By row, which is the same for the same pixels in all runs; else by image, or by place where none was logged. In the order of A. */
export function joinCards(a: readonly Card[], b: readonly Card[]): Joined<Card, { a: Card; b: Card }> {
  const byRow = new Map(b.flatMap((card) => (card.sample.row ? [[card.sample.row, card] as const] : [])));
  const byId = new Map(b.map((card) => [card.sample.id, card]));
  const free = new Set(b);
  const onlyA: Card[] = [];
  const pairs = a.flatMap((card) => {
    const same = byId.get(card.sample.id);
    const partner = byRow.get(card.sample.row) ?? (same && sameAsFarAsKnown(card, same) ? same : undefined);
    if (!partner || !free.delete(partner)) {
      onlyA.push(card);
      return [];
    }
    return [{ a: card, b: partner }];
  });
  return { pairs, onlyA, onlyB: [...free] };
}

/** Rows tell pictures apart that look alike, or were not logged. */
function sameAsFarAsKnown(a: Card, b: Card): boolean {
  return a.sample.row === b.sample.row || !a.sample.row || !b.sample.row;
}

/** What both sides say of the samples that they share. */
export function joinSides(a: SideFrame, b: SideFrame, choice: ClassChoice) {
  const series = joinSeries(a.frames, b.frames);
  const samples = joinCards(cardsAt(a), cardsAt(b));
  const pairs = samples.pairs.map((cards): SamplePair => {
    const inB = new Map(cards.b.explanations.map((explanation) => [explanation.frame, explanation]));
    const inA = new Map(cards.a.explanations.map((explanation) => [explanation.frame, explanation]));
    const maps = series.pairs.flatMap((pair) => {
      const [explanationA, explanationB] = [inA.get(pair.a), inB.get(pair.b)];
      return explanationA && explanationB ? [mapPair(pair, explanationA, explanationB, choice)] : [];
    });
    return { id: cards.a.sample.id, ...cards, maps };
  });
  return { series, samples, pairs };
}

/** Of a prediction that was logged at several steps the one at the side's step counts, or nearest to it. */
function cardsAt({ frames, step }: SideFrame): Card[] {
  const distance = (frame: SeriesFrame) => Math.abs(frame.step - step);
  return cardsOf([...frames].sort((a, b) => distance(a) - distance(b)));
}

/**
 * One class on both sides: the one that is chosen in B, if A has it too. Roles such as "predicted" mean another class on each
 * side as soon as the prediction has changed, and maps of two classes are not alike for reasons of their own.
 */
function mapPair(series: SeriesPair, a: Explanation, b: Explanation, choice: ClassChoice): MapPair {
  const inB = chooseTarget(b, choice);
  const lookUp = inB && a.record.classDependent && inB.classIndex >= 0 && sameClasses(a, b);
  const same = lookUp ? chooseTarget(a, inB.classIndex) : null;
  return {
    series,
    a: { explanation: a, target: same ?? chooseTarget(a, choice) },
    b: { explanation: b, target: inB },
  };
}

type Side = Pick<Card, "record">;

/** Whether an index means the same class on both sides, as far as is known: of two lists every index may mean another. */
export function sameClasses({ record: a }: Side, { record: b }: Side): boolean {
  return !a.classes || !b.classes || a.classes === b.classes;
}

/** Whether both maps of a pair explain the same, so that their difference means something. */
export function sameSubject({ a, b }: MapPair): boolean {
  if (!a.target || !b.target) return false;
  if (!a.explanation.record.classDependent && !b.explanation.record.classDependent) return true;
  const { classIndex } = a.target;
  return classIndex === b.target.classIndex && (classIndex < 0 || sameClasses(a.explanation, b.explanation));
}

/** The series was logged once, and both sides show that: they are equal because they are the same. */
export function sameRecord({ series: { a, b } }: MapPair): boolean {
  return a.series.run === b.series.run && a.step === b.step;
}
