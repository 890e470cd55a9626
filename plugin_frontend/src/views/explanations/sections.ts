/** What the view shows, derived from the frame and the choices: a section for each run, a page of cards in each. */
import { computed, effect } from "@preact/signals";
import { figureOrder } from "../../data/figures.ts";
import { hasValues, type Range, type ValueMap } from "../../data/maps.ts";
import { Better } from "../../records/messages.ts";
import { requestClassNames } from "../../state/class_names.ts";
import { frame, type SeriesFrame } from "../../state/frame.ts";
import { shownRuns } from "../../state/runs.ts";
import { passesFilter, pinnedSamples } from "../../state/sample_filter.ts";
import { classChoice, figureSelection, outcome, page, pageSize, sort } from "../../state/samples.ts";
import { passesSelection } from "../../state/selection.ts";
import { methodOf, type Series, seriesKey, shownSeries } from "../../state/series.ts";
import { arrange, type Card, cardsOf, chooseTarget, pinnedFirst } from "./cards.ts";
import { mostSuperpixels, normalising, sharedRangesOf, signednessOf } from "./ranges.ts";
import { shownMap } from "./shown_map.ts";

export type Section = {
  run: string;
  /** Whether the frame covers the run: one far off screen is loaded when it comes near. */
  loaded: boolean;
  /** Of the chosen series, unreadable ones included. */
  frames: SeriesFrame[];
  /** Samples before filtering. */
  samples: number;
  /** All that pass the filter, in order. */
  cards: Card[];
  /** Those on the current page. */
  page: Card[];
};

const nameOf = (series: Series) => `${series.run}\n${seriesKey(series)}`;

export const pageCount = computed(() => {
  const longest = Math.max(1, ...arranged.value.map(({ cards }) => cards.length));
  return Math.ceil(longest / pageSize.value);
});

/** The page shown: the asked one, or the last when there are fewer. */
export const currentPage = computed(() => Math.min(page.value, pageCount.value - 1));

const arranged = computed(() => {
  const chosen = new Set(shownSeries.value.map(nameOf));
  return shownRuns.value.map(({ run }) => {
    const loaded = frame.value?.runs.get(run);
    const frames = loaded?.filter(({ series }) => chosen.has(nameOf(series))) ?? [];
    const cards = cardsOf(frames);
    const selected = cards.filter(({ sample }) => passesSelection(sample.row));
    const passing = selected.filter(({ sample, record }) => passesFilter(sample, record.classes));
    return {
      run,
      loaded: loaded !== undefined,
      frames,
      samples: cards.length,
      selected: selected.length,
      all: cards,
      cards: pinnedFirst(arrange(passing, sort.value, outcome.value, classChoice.value), pinnedSamples.value),
    };
  });
});

/** Of the runs that are loaded: samples that may be shown, and those that the filters leave. */
export const filteredCounts = computed(() => ({
  all: arranged.value.reduce((sum, { selected }) => sum + selected, 0),
  left: arranged.value.reduce((sum, { cards }) => sum + cards.length, 0),
}));

/** All classes that samples are of, or are taken for, with the hash of their names, ascending. */
export const sampleClasses = computed(() => {
  const classes = new Map<number, string>();
  for (const { all } of arranged.value)
    for (const { sample, record } of all)
      for (const index of [sample.label, sample.predicted])
        if (index !== undefined && index >= 0) classes.set(index, record.classes);
  return [...classes].sort(([a], [b]) => a - b);
});

export const sections = computed<Section[]>(() => {
  const first = currentPage.value * pageSize.value;
  return arranged.value.map((section) => ({ ...section, page: section.cards.slice(first, first + pageSize.value) }));
});

/** The explained targets on the page, with the methods that explain them. */
const visibleTargets = computed(() =>
  sections.value
    .flatMap((section) => section.page)
    .flatMap((card) => card.explanations)
    .flatMap((explanation) => {
      const target = chooseTarget(explanation, classChoice.value);
      return target ? [{ method: methodOf(explanation.frame.series), target }] : [];
    }),
);

/** Maps of values: pictures have no range to share. */
const visibleMaps = computed(() =>
  visibleTargets.value.flatMap(({ method, target }) => {
    const map = shownMap(target);
    return hasValues(map) ? [{ method, map }] : [];
  }),
);

export const visibleDetails = computed(() => visibleTargets.value.map(({ target: { detail } }) => detail));

/** The range that all visible maps of a method share, by method. */
export const sharedRanges = computed(() => sharedRangesOf(visibleMaps.value));

export const signedness = computed(() => signednessOf(visibleMaps.value));

export const superpixelCount = computed(() => mostSuperpixels(visibleMaps.value));

/** The range by which a map is normalised. */
export function rangeFor(map: ValueMap, method: string): Range {
  return normalising(map, method, sharedRanges.value);
}

/** All classes that were logged as targets, with the hash of their names, ascending. */
export const loggedClasses = computed(() => {
  const classes = new Map<number, string>();
  for (const { cards } of arranged.value)
    for (const { explanations } of cards)
      for (const { record, sample } of explanations)
        for (const { classIndex } of sample.targets) if (classIndex >= 0) classes.set(classIndex, record.classes);
  return [...classes].sort(([a], [b]) => a - b);
});

/** The figures of all maps and which direction is better, in the order in which they are shown. */
export const loggedFigures = computed(() => {
  const better = new Map<string, Better>();
  for (const { cards } of arranged.value)
    for (const { explanations } of cards)
      for (const { sample } of explanations)
        for (const { figures } of sample.targets) for (const figure of figures) better.set(figure.name, figure.better);
  return figureOrder(better.keys()).map((name): [string, Better] => [name, better.get(name) ?? Better.NEITHER]);
});

const FIGURES_BY_DEFAULT = 2;

/** The figures under each tile. */
export const shownFigures = computed(() => {
  const names = loggedFigures.value.map(([name]) => name);
  const selected = figureSelection.value;
  return selected ? names.filter((name) => selected.has(name)) : names.slice(0, FIGURES_BY_DEFAULT);
});

effect(() => {
  for (const [run, frames] of frame.value?.runs ?? [])
    for (const { records } of frames) for (const record of records) if (record) requestClassNames(run, record.classes);
});
