/** The open sample: what was logged of it at the step, which explanation of it is enlarged, and its neighbours in the view. */
import { batch, computed } from "@preact/signals";
import { pointed } from "../../state/clusters.ts";
import { frame } from "../../state/frame.ts";
import { openSample } from "../../state/samples.ts";
import { openSeries, seriesKey } from "../../state/series.ts";
import { picked } from "../../state/superpixels.ts";
import { type Card, cardsOf, type Explanation } from "./cards.ts";
import { sections } from "./sections.ts";

/** `undefined`: no sample is open, or it was not logged at this step. */
export const openCard = computed<Card | undefined>(() => {
  const open = openSample.value;
  return open
    ? cardsOf(frame.value?.runs.get(open.run) ?? []).find(({ sample }) => sample.id === open.sample)
    : undefined;
});

export const openExplanation = computed<Explanation | undefined>(() => {
  const explanations = openCard.value?.explanations ?? [];
  return explanations.find(({ frame }) => seriesKey(frame.series) === openSeries.value) ?? explanations[0];
});

export function closeSample(): void {
  batch(() => {
    openSample.value = null;
    openSeries.value = null;
    picked.value = null;
    pointed.value = null;
  });
}

/** The samples of the open one's run that pass the filters, in the order of the view, and where it is among them; -1: it is not. */
export const among = computed(() => {
  const open = openSample.value;
  const cards = sections.value.find(({ run }) => run === open?.run)?.cards ?? [];
  return { cards, at: cards.findIndex(({ sample }) => sample.id === open?.sample) };
});

/** Opens the sample before or after the open one. */
export function moveSample(by: number): void {
  const open = openSample.value;
  const { cards, at } = among.value;
  const next = cards[at + by];
  if (!open || !next) return;
  batch(() => {
    openSample.value = { run: open.run, sample: next.sample.id };
    picked.value = null; // another image has other superpixels
  });
}
