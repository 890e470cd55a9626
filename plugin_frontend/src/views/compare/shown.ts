/** What the view shows, derived from both sides and the choices. */
import { computed, effect } from "@preact/signals";
import { hasValues, type Range, type ValueMap } from "../../data/maps.ts";
import { requestClassNames } from "../../state/class_names.ts";
import { changeFilter, compareOrder, SIDES } from "../../state/compare.ts";
import { compareFrame } from "../../state/compare_frame.ts";
import { groupBy } from "../../state/group.ts";
import { passesFilter, pinnedSamples } from "../../state/sample_filter.ts";
import { classChoice, outcome, page, pageSize } from "../../state/samples.ts";
import { passesSelection } from "../../state/selection.ts";
import { methodOf, type Series, seriesKey, shownSeries } from "../../state/series.ts";
import { isRight } from "../explanations/cards.ts";
import { mostSuperpixels, normalising, sharedRangesOf, signednessOf } from "../explanations/ranges.ts";
import { shownMap } from "../explanations/shown_map.ts";
import { inOrder, passes, tallyOf } from "./changes.ts";
import { likenessOf, mean, meanSimilarity, measuring } from "./likeness.ts";
import { joinSides, type MapPair, type SamplePair } from "./pairs.ts";

const nameOf = (series: Series) => `${series.run}\n${seriesKey(series)}`;

/** Both sides joined; `null`: nothing was loaded yet. What is no longer chosen goes at once, before the rest has arrived. */
export const joined = computed(() => {
  const loaded = compareFrame.value;
  if (!loaded) return null;
  const chosen = new Set(shownSeries.value.map(nameOf)); // of a run that is a side no longer as well, until its successor has come
  const [a, b] = SIDES.map((side) => ({
    ...loaded[side],
    frames: loaded[side].frames.filter(({ series }) => chosen.has(nameOf(series))),
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

/** All classes that samples are of, or are taken for, with the hash of their names, ascending. */
export const sampleClasses = computed(() => {
  const classes = new Map<number, string>();
  for (const pair of samplePairs.value)
    for (const { sample, record } of [pair.a, pair.b])
      for (const index of [sample.label, sample.predicted])
        if (index !== undefined && index >= 0) classes.set(index, record.classes);
  return [...classes].sort(([a], [b]) => a - b);
});

export const pageCount = computed(() => Math.max(1, Math.ceil(arranged.value.length / pageSize.value)));

/** The page shown: the asked one, or the last when there are fewer. */
export const currentPage = computed(() => Math.min(page.value, pageCount.value - 1));

export const visiblePairs = computed(() => {
  const first = currentPage.value * pageSize.value;
  return arranged.value.slice(first, first + pageSize.value);
});

export function turnPage(by: number): void {
  page.value = Math.min(pageCount.value - 1, Math.max(0, currentPage.value + by));
}

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

/** The range that all visible maps of a method share, those of both sides. */
export const sharedRanges = computed(() => sharedRangesOf(visibleMaps.value));

export const signedness = computed(() => signednessOf(visibleMaps.value));

export const superpixelCount = computed(() => mostSuperpixels(visibleMaps.value));

/** The range by which a map of a pair is normalised. */
export function rangeIn({ series }: MapPair, map: ValueMap): Range {
  return normalising(map, methodOf(series.a.series), sharedRanges.value);
}

/** All classes that were logged as targets, with the hash of their names, ascending. */
export const loggedClasses = computed(() => {
  const classes = new Map<number, string>();
  for (const { a, b } of samplePairs.value)
    for (const { record, sample } of [...a.explanations, ...b.explanations])
      for (const { classIndex } of sample.targets) if (classIndex >= 0) classes.set(classIndex, record.classes);
  return [...classes].sort(([a], [b]) => a - b);
});

effect(() => {
  for (const { run, frames } of Object.values(compareFrame.value ?? {}))
    for (const { records } of frames) for (const record of records) if (record) requestClassNames(run, record.classes);
});
