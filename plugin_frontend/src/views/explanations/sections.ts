/** What the view shows, derived from the frame and the choices: a section for each run, a page of cards in each. */
import { computed, effect } from "@preact/signals";
import { figureOrder } from "../../data/figures.ts";
import { hasValues } from "../../data/maps.ts";
import { Better } from "../../records/messages.ts";
import { frame, type SeriesFrame, stillShown } from "../../state/frame.ts";
import { shownRuns } from "../../state/runs.ts";
import { passesFilter, pinnedSamples } from "../../state/sample_filter.ts";
import { classChoice, figureSelection, outcome, sort } from "../../state/samples.ts";
import { passesSelection } from "../../state/selection.ts";
import { methodOf } from "../../state/series.ts";
import { arrange, type Card, cardsOf, chooseTarget, pinnedFirst } from "./cards.ts";
import { loggedClassesOf, requestNames, sampleClassesOf } from "./classes.ts";
import { pagingOf } from "./paging.ts";
import { rangesOf } from "./ranges.ts";
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

const arranged = computed(() => {
  return shownRuns.value.map(({ run }) => {
    const loaded = frame.value?.runs.get(run);
    const frames = stillShown(loaded ?? []);
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

export const sampleClasses = computed(() => sampleClassesOf(arranged.value.flatMap(({ all }) => all)));

/** Of the cards that the filters leave. */
export const loggedClasses = computed(() => loggedClassesOf(arranged.value.flatMap(({ cards }) => cards)));

const paging = pagingOf(() => Math.max(0, ...arranged.value.map(({ cards }) => cards.length)));
export const { pageCount, currentPage, turnPage } = paging;

export const sections = computed<Section[]>(() =>
  arranged.value.map((section) => ({ ...section, page: paging.onPage(section.cards) })),
);

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

export const { sharedRanges, signedness, superpixelCount, rangeFor } = rangesOf(visibleMaps);

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
  for (const [run, frames] of frame.value?.runs ?? []) requestNames(run, frames);
});
