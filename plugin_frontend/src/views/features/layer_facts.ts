/** What the list of layers says of each: read from the headers of the shown step once these are there. */
import { effect, signal } from "@preact/signals";
import { latest } from "../../data/latest.ts";
import { loadChannels } from "../../state/channel_records.ts";
import { headersOf, loadLayer } from "../../state/feature_frame.ts";
import { featureLayers, mainPane, type Pane, runsWith } from "../../state/features.ts";
import { stepOnScreen } from "../../state/on_screen.ts";
import { reportTrouble } from "../../state/reachability.ts";

type LayerFacts = { count: number; grid: readonly number[] | undefined; dead: number };

/** By layer, of the run at the left if it has the layer. */
export const layerFacts = signal<ReadonlyMap<string, LayerFacts>>(new Map());

type Wanted = { step: number; panes: Pane[] };

/** Returns what ends it. */
export function followLayerFacts(): () => void {
  const request = latest(
    load,
    (facts) => {
      layerFacts.value = facts;
    },
    reportTrouble,
  );
  return effect(() => {
    const step = stepOnScreen.value; // what is on screen goes first
    const run = mainPane.value?.run;
    if (step === null) return;
    const panes = featureLayers.value.flatMap((layer): Pane[] => {
      const runs = runsWith(layer);
      const chosen = runs.find((candidate) => candidate === run) ?? runs[0];
      return chosen === undefined ? [] : [{ run: chosen, layer }];
    });
    request({ step, panes });
  });
}

async function load({ step, panes }: Wanted): Promise<Map<string, LayerFacts>> {
  const headers = panes.map((pane) => headersOf(pane, step, 1));
  // In one request a run, which those for each layer then find answered.
  for (const run of new Set(panes.map((pane) => pane.run))) {
    const keys = panes.flatMap((pane, i) => (pane.run === run ? (headers[i] ?? []).map(({ key }) => key) : []));
    await loadChannels(run, keys);
  }
  const found = await Promise.allSettled(panes.map((pane, i) => loadLayer(pane, step, headers[i])));
  const facts = new Map<string, LayerFacts>();
  found.forEach((result, i) => {
    if (result.status === "rejected") return;
    const { count, maps, measures } = result.value.layer;
    const dead = Math.round(count * (measures.get("dead")?.value.value ?? 0));
    facts.set((panes[i] as Pane).layer, { count, grid: maps?.value.grid, dead });
  });
  return facts;
}
