/** What the view shows, derived from both sides and the choices. */
import { computed, effect } from "@preact/signals";
import { hasValues, type Range, type ValueMap } from "../../data/maps.ts";
import { changeFilter, compareOrder, SIDES } from "../../state/compare.ts";
import { compareFrame } from "../../state/compare_frame.ts";
import { stillShown } from "../../state/frame.ts";
import { groupBy } from "../../state/group.ts";
import { passesFilter, pinnedSamples } from "../../state/sample_filter.ts";
import { classChoice, outcome } from "../../state/samples.ts";
import { passesSelection } from "../../state/selection.ts";
import { methodOf } from "../../state/series.ts";
import { isRight } from "../explanations/cards.ts";
import { loggedClassesOf, requestNames, sampleClassesOf } from "../explanations/classes.ts";
import { pagingOf } from "../explanations/paging.ts";
import { rangesOf } from "../explanations/ranges.ts";
import { shownMap } from "../explanations/shown_map.ts";
import { inOrder, passes, tallyOf } from "./changes.ts";
import { likenessOf, mean, meanSimilarity, measuring } from "./likeness.ts";
import { joinSides, type MapPair, type SamplePair } from "./pairs.ts";

/** Both sides joined; `null`: nothing was loaded yet. */
export const joined = computed(() => {
  const loaded = compareFrame.value;
  if (!loaded) return null;
  const [a, b] = SIDES.map((side) => ({
    ...loaded[side],
    frames: stillShown(loaded[side].frames), // of a run that is a side no longer as well, until its successor has come
  })) as [typeof loaded.a, typeof loaded.b];
  return { a, b, ...joinSides(a, b, classChoice.value) };
});

export const samplePairs = computed(() => joined.value?.pairs ?? []);

const selectedPairs = computed(() =>
  samplePairs.value.filter(({ a, b }) => passesSelection(a.sample.row || b.sample.row)),
);

/** The filters of samples that all views share let a pair pass where either side passes. */
const passing = computed(() =>
  selectedPairs.value.filter(
    (pair) =>
      passes(pair, changeFilter.value) &&
      [pair.a, pair.b].some(
        (card) =>
          passesFilter(card.sample, card.record.classes) &&
          (outcome.value === "all" || isRight(card.sample) === (outcome.value === "right")),
      ),
  ),
);

/** All that pass, in order, pinned ones first. While maps are being measured the order needs no measuring, so that nothing jumps twice. */
export const arranged = computed(() => {
  const ordered = inOrder(passing.value, compareOrder.value, measuring.value ? () => undefined : meanSimilarity);
  const isPinned = ({ id }: SamplePair) => pinnedSamples.value.has(id);
  return [...ordered.filter(isPinned), ...ordered.filter((pair) => !isPinned(pair))];
});

export const filteredCounts = computed(() => ({ all: selectedPairs.value.length, left: passing.value.length }));

const cards = computed(() => samplePairs.value.flatMap(({ a, b }) => [a, b]));

export const sampleClasses = computed(() => sampleClassesOf(cards.value));

export const loggedClasses = computed(() => loggedClassesOf(cards.value));

const paging = pagingOf(() => arranged.value.length);
export const { pageCount, currentPage, turnPage } = paging;

export const visiblePairs = computed(() => paging.onPage(arranged.value));

export const tally = computed(() => tallyOf(samplePairs.value));

/** The mean over all common samples, by method; `undefined`: not known, or not yet. */
export const similarityByMethod = computed(() => {
  const pairs = samplePairs.value.flatMap(({ maps }) => maps);
  const byMethod = groupBy(pairs, ({ series }) => methodOf(series.a.series));
  return [...byMethod].map(([method, pairs]): [string, number | undefined] => [
    method,
    measuring.value ? undefined : mean(pairs.map(likenessOf)),
  ]);
});

/** The maps of values on the page, of both sides. */
const visibleMaps = computed(() =>
  visiblePairs.value
    .flatMap(({ maps }) => maps)
    .flatMap(({ a, b, series }) =>
      [a.target, b.target].flatMap((target) => {
        const map = target && shownMap(target);
        return map && hasValues(map) ? [{ method: methodOf(series.a.series), map }] : [];
      }),
    ),
);

const ranges = rangesOf(visibleMaps);
export const { sharedRanges, signedness, superpixelCount } = ranges;

/** The range by which a map of a pair is normalised. */
export function rangeIn({ series }: MapPair, map: ValueMap): Range {
  return ranges.rangeFor(map, methodOf(series.a.series));
}

effect(() => {
  for (const { run, frames } of Object.values(compareFrame.value ?? {})) requestNames(run, frames);
});
