/** What the overview knows of the runs near the screen at the shown step: loaded together and shown together. */

import { effect, signal } from "@preact/signals";
import { latest } from "../data/latest.ts";
import { entriesAt } from "./alignment.ts";
import { requestClassNames } from "./class_names.ts";
import { loadSummaries, momentsOf } from "./histories.ts";
import type { ClassNote, LayerNote, Wanted } from "./overview_layers.ts";
import type { Said } from "./overview_maps.ts";
import { overviewRuns, probesOf, type RunSeries, sampleSeries } from "./overview_series.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { layerOf, type Series, seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { step } from "./timeline.ts";
import { view } from "./view.ts";

type RunFacts = {
  said: readonly Said[];
  /** Series that were left out, because they have too many samples to fetch for a glance. */
  left: number;
  layers: readonly LayerNote[];
  classes: readonly ClassNote[];
};

/** By run. Runs that left the screen keep what was known of them, so that nothing jumps when they come back. */
type OverviewFrame = { step: number; runs: ReadonlyMap<string, RunFacts> };

export const overviewFrame = signal<OverviewFrame | null>(null);
export const overviewLoading = signal(false);
/** The runs that are on screen or close to it. */
export const overviewInView = signal<ReadonlySet<string>>(new Set());

/** Of one run at one step; a sample and its targets are some hundred bytes. */
const MOST_SAMPLES = 20_000;

type Asked = { step: number; runs: readonly RunSeries[] };

/** Returns what ends it. */
export function followOverview(): () => void {
  const request = latest(
    load,
    (loaded) => {
      overviewFrame.value = { ...loaded, runs: new Map([...(overviewFrame.peek()?.runs ?? []), ...loaded.runs]) };
      overviewLoading.value = loaded.step !== step.peek();
    },
    (reason) => {
      overviewLoading.value = false;
      reportTrouble(reason);
    },
  );
  return effect(() => {
    void unreachable.value; // asks again once the server is back
    void stepIndex.value;
    const runs = overviewRuns.value.filter(({ run }) => overviewInView.value.has(run.run));
    if (view.value !== "overview" || step.value === null || runs.length === 0) return;
    overviewLoading.value = true;
    request({ step: step.value, runs });
  });
}

async function load({ step, runs }: Asked): Promise<OverviewFrame> {
  const found = await Promise.all(
    runs.map(async (of): Promise<[string, RunFacts] | null> => {
      const facts = stepIndex.peek().has(of.run.run) ? await loadRun(of, step) : null;
      return facts && [of.run.run, facts];
    }),
  );
  return { step, runs: new Map(found.filter((entry) => entry !== null)) };
}

async function loadRun(of: RunSeries, step: number): Promise<RunFacts> {
  const run = of.run.run;
  const channels = wantedAt(of, "CHANNELS", step);
  const projections = wantedAt(of, "PROJECTION", step);
  const notes = channels.length + projections.length ? await import("./overview_layers.ts") : undefined;
  const [said, layers, classes] = await Promise.all([
    loadSaid(of, step),
    notes && channels.length ? notes.loadLayerNotes(run, channels, step) : [],
    notes && projections.length ? notes.loadClassNotes(run, projections) : [],
  ]);
  return { ...said, layers, classes };
}

async function loadSaid(of: RunSeries, step: number): Promise<Pick<RunFacts, "said" | "left">> {
  const run = of.run.run;
  const all = sampleSeries(of);
  const { chosen, left } = affordable(all, run, step);
  const read = await loadSummaries(
    run,
    chosen.flatMap(({ keys }) => keys),
  );
  let next = 0;
  const said = chosen.flatMap(({ series, step, keys }): Said[] => {
    const records = keys.map((_, i) => ({ step, record: read[next + i] ?? null }));
    next += keys.length;
    const [moment] = momentsOf(records);
    if (moment) requestClassNames(run, moment.classes);
    return moment ? [{ series, ...moment }] : [];
  });
  return { said, left };
}

type Entry = { series: Series; step: number; keys: string[] };

/** Those of which predictions are told first, then as many as a glance may cost. */
function affordable(all: readonly Series[], run: string, step: number): { chosen: Entry[]; left: number } {
  const index = stepIndex.peek().get(run);
  const probes = new Set(probesOf(all, index));
  const chosen: Entry[] = [];
  let left = 0;
  let samples = 0;
  for (const series of [...probes, ...all.filter((one) => !probes.has(one))]) {
    const logged = index?.get(seriesKey(series));
    const entries = logged && entriesAt(logged, step);
    if (!entries) continue;
    samples += (logged.counts[logged.steps.indexOf(entries.step)] ?? 0) * entries.keys.length;
    if (samples > MOST_SAMPLES && chosen.length) left++;
    else chosen.push({ series, step: entries.step, keys: entries.keys });
  }
  return { chosen, left };
}

function wantedAt({ run, series }: RunSeries, kind: string, step: number): Wanted[] {
  return series.flatMap((declared): Wanted[] => {
    const logged = declared.kind === kind ? stepIndex.peek().get(run.run)?.get(seriesKey(declared)) : undefined;
    const entries = logged && entriesAt(logged, step);
    const key = entries?.keys.at(-1);
    return entries && key ? [{ tag: declared.tag, layer: layerOf(declared), step: entries.step, key }] : [];
  });
}
