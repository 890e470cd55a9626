/** What a card or a row tells of one run: everything that is known of it at the shown step. */
import { computed } from "@preact/signals";
import type { SampleSummary } from "../../data/summaries.ts";
import { type History, historyOf } from "../../state/histories.ts";
import { mistakesOf, type Score, scoreOf, shareOf, type Turns, turnsOf } from "../../state/overview.ts";
import { overviewFrame } from "../../state/overview_frame.ts";
import type { ClassNote, LayerNote } from "../../state/overview_layers.ts";
import { type Trace, tracesOf } from "../../state/overview_logged.ts";
import { type Drift, driftsOf, type Faithfulness, faithfulnessOf, type Said } from "../../state/overview_maps.ts";
import { overviewRuns, probesOf, type RunSeries, sampleSeries } from "../../state/overview_series.ts";
import { stepIndex } from "../../state/steps.ts";

/** Samples that were followed, and what the model made of them at the shown step. */
export type ProbeFacts = {
  name: string;
  said: Said;
  score: Score;
  mistakes: SampleSummary[];
};

export type Facts = {
  /** Nothing more is on its way. */
  settled: boolean;
  probes: ProbeFacts[];
  drifts: Drift[];
  faithfulness: Faithfulness[];
  layers: readonly LayerNote[];
  classes: readonly ClassNote[];
};

export const traces = computed<ReadonlyMap<string, Trace[]>>(
  () => new Map(overviewRuns.value.map(({ run, series }) => [run.run, tracesOf(series, stepIndex.value.get(run.run))])),
);

const known = computed<ReadonlyMap<string, Facts>>(() => {
  const facts = new Map<string, Facts>();
  for (const of of overviewRuns.value) {
    const loaded = overviewFrame.value?.runs.get(of.run.run);
    if (!loaded) continue;
    facts.set(of.run.run, {
      settled: true,
      probes: probesIn(of, loaded.said),
      drifts: driftsOf(loaded.said),
      faithfulness: faithfulnessOf(loaded.said),
      layers: loaded.layers,
      classes: loaded.classes,
    });
  }
  return facts;
});

const NOTHING: Facts = { settled: false, probes: [], drifts: [], faithfulness: [], layers: [], classes: [] };

export function factsOf(run: string): Facts {
  return known.value.get(run) ?? NOTHING;
}

/** Those with labels and predictions, each set of samples once. */
function probesIn(of: RunSeries, said: readonly Said[]): ProbeFacts[] {
  const seen = new Set<string>();
  return probesOf(sampleSeries(of), stepIndex.value.get(of.run.run)).flatMap(({ tag, kind }): ProbeFacts[] => {
    const found = said.find(({ series }) => series.tag === tag && series.kind === kind);
    const score = found && scoreOf(found.samples);
    const samples = found?.samples.map(({ id }) => id).join() ?? "";
    if (!found || !score?.of || seen.has(samples)) return [];
    seen.add(samples);
    return [{ name: tag.split("/")[0] ?? "", said: found, score, mistakes: mistakesOf(found.samples) }];
  });
}

/** `undefined`: on its way. */
export type Curve =
  | {
      steps: number[];
      shares: (number | undefined)[];
      scores: Score[];
      /** No step was left out. */
      whole: boolean;
    }
  | undefined;

/** The share of right predictions at every step. What calls this while drawing is drawn again when it arrives. */
export function curveOf({ said }: ProbeFacts): Curve {
  const history = historyOf(said.series);
  return history ? drawn(history) : undefined;
}

const curves = new WeakMap<History, Curve>();

function drawn(history: History): Curve {
  const found = curves.get(history);
  if (found) return found;
  const scores = history.moments.map(({ samples }) => scoreOf(samples));
  const curve = {
    steps: history.moments.map(({ step }) => step),
    shares: scores.map(shareOf),
    scores,
    whole: history.chosen === history.steps,
  };
  curves.set(history, curve);
  return curve;
}

/** `null`: nothing before, or not known yet. */
export function turnsIn({ said }: ProbeFacts): Turns | null {
  const history = historyOf(said.series);
  return history ? turnsOf(history.moments, said.step, said.samples) : null;
}

/** From the logged step before to the shown one; `undefined`: one of them is not known, or was left out. */
export function changeOf(curve: Curve, step: number): number | undefined {
  if (!curve?.whole) return undefined;
  const at = curve.steps.indexOf(step);
  const [before, now] = [curve.shares[at - 1], curve.shares[at]];
  return before === undefined || now === undefined ? undefined : now - before;
}
