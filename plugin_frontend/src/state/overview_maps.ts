/** What the overview makes of figures of maps: which moved most since the step before, and which say least about the model. */
import type { Figure, SummarisedTarget } from "../data/explained.ts";
import { advantageOverRandom, figureOrder, worstEnd } from "../data/figures.ts";
import type { SampleSummary } from "../data/summaries.ts";
import type { Sort } from "./samples.ts";
import type { Series } from "./series.ts";

/** What a series says at the shown step, or the nearest one. */
export type Said = { series: Series; step: number; samples: readonly SampleSummary[]; classes: string };

/** The rank correlation of a map with that of the step before: 1 when nothing changed. */
const LIKENESS = "drift_spearman";

/** A number for each sample of a series. */
type Reading = { sample: SampleSummary; figure: Figure };

export type Drift = {
  said: Said;
  /** Mean rank correlation with the maps of the step before. */
  likeness: number;
  /** The sample whose map changed most. */
  worst: SampleSummary;
};

/** The series whose maps changed most first. */
export function driftsOf(said: readonly Said[]): Drift[] {
  return said
    .flatMap((one): Drift[] => {
      const readings = readingsOf(one, LIKENESS);
      const worst = lowest(readings, ({ figure }) => figure.value);
      if (!worst) return [];
      const likeness = mean(readings.map(({ figure }) => figure.value));
      return [{ said: one, likeness, worst: worst.sample }];
    })
    .sort((a, b) => a.likeness - b.likeness);
}

export type Faithfulness = {
  said: Said;
  figure: string;
  better: Figure["better"];
  value: number;
  /** The same of maps of noise. */
  random: number;
  /** How much better than noise; below 0: worse. */
  advantage: number;
  /** Of how many samples the map is no better than noise. */
  beaten: number;
  of: number;
  worst: SampleSummary;
};

/** By the figure that most series have, the least faithful series first. */
export function faithfulnessOf(said: readonly Said[]): Faithfulness[] {
  const figure = commonFigure(said);
  if (figure === undefined) return [];
  return said
    .flatMap((one): Faithfulness[] => {
      const readings = readingsOf(one, figure).flatMap((reading) => {
        const advantage = advantageOverRandom(reading.figure);
        return advantage === undefined ? [] : [{ ...reading, advantage }];
      });
      const worst = lowest(readings, ({ advantage }) => advantage);
      if (!worst) return [];
      return [
        {
          said: one,
          figure,
          better: worst.figure.better,
          value: mean(readings.map(({ figure }) => figure.value)),
          random: mean(readings.map(({ figure }) => figure.random as number)),
          advantage: mean(readings.map(({ advantage }) => advantage)),
          beaten: readings.filter(({ advantage }) => advantage <= 0).length,
          of: readings.length,
          worst: worst.sample,
        },
      ];
    })
    .sort((a, b) => a.advantage - b.advantage);
}

/** The order in which the figure's worst maps come first. */
export function worstFirst({ figure, better }: Faithfulness): Sort {
  return `${worstEnd(better)}:${figure}`;
}

/** Of those with a baseline, the one that most series have; `undefined`: there is none. */
function commonFigure(said: readonly Said[]): string | undefined {
  const series = new Map<string, number>();
  for (const one of said) {
    const names = new Set<string>();
    for (const sample of one.samples)
      for (const figure of explainedTarget(sample)?.figures ?? [])
        if (advantageOverRandom(figure) !== undefined) names.add(figure.name);
    for (const name of names) series.set(name, (series.get(name) ?? 0) + 1);
  }
  const most = Math.max(...series.values());
  return figureOrder(series.keys()).find((name) => series.get(name) === most);
}

function readingsOf({ samples }: Said, name: string): Reading[] {
  return samples.flatMap((sample) => {
    const figure = explainedTarget(sample)?.figures.find((candidate) => candidate.name === name);
    return figure ? [{ sample, figure }] : [];
  });
}

/** As tiles do by default: the predicted class, else the most probable one that was logged. */
function explainedTarget({ targets, predicted }: SampleSummary): SummarisedTarget | undefined {
  const mostProbable = () =>
    targets.reduce<SummarisedTarget | undefined>(
      (best, target) => ((target.probability ?? -1) > (best?.probability ?? -1) ? target : best),
      targets[0],
    );
  return targets.find(({ classIndex }) => classIndex === predicted) ?? mostProbable();
}

function lowest<Item>(items: readonly Item[], of: (item: Item) => number): Item | undefined {
  return items.reduce<Item | undefined>((least, item) => (least && of(least) <= of(item) ? least : item), undefined);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
