/** Where the lines of the overview lead: each sets what another view shows, and shows it. */
import { batch } from "@preact/signals";
import type { SeriesDeclaration } from "../data/answers.ts";
import { layerChoice, liveness, runChoice } from "./features.ts";
import { activeRun, chosenPair, type Pair, side, tagChoice, togglePair } from "./projections.ts";
import { runSelection, shownRuns } from "./runs.ts";
import { classChoice, figureSelection, type Outcome, openSample, outcome, page, type Sort, sort } from "./samples.ts";
import { clearSelection } from "./selection.ts";
import { clusterLayerSelection, layerSelection, methodOf, methodSelection } from "./series.ts";
import { type ViewId, view } from "./view.ts";

/** A place in another view is a place in one run. */
function go(run: string, to: ViewId): void {
  if (shownRuns.peek().length > 1) runSelection.value = new Set([run]);
  view.value = to;
}

export function showRun(run: string): void {
  runSelection.value = new Set([run]);
}

export function showSample(run: string, sample: string): void {
  batch(() => {
    openSample.value = { run, sample };
    view.value = "sample";
  });
}

/** Samples in Explanations, all of them or those that are right or wrong, in an order. */
export function showSamples(run: string, shown: Outcome, order: Sort): void {
  batch(() => {
    arrangeSamples(shown, order);
    go(run, "explanations");
  });
}

/** Maps of one method and layer in Explanations, in an order. */
export function showMaps(run: string, { declared, order }: { declared: SeriesDeclaration; order: Sort }): void {
  batch(() => {
    arrangeSamples("all", order);
    classChoice.value = "predicted";
    methodSelection.value = new Set([methodOf(declared)]);
    layerSelection.value = declared.layer ? new Set([declared.layer]) : null;
    const [, figure] = /^(?:low|high):(.*)$/s.exec(order) ?? [];
    if (figure !== undefined) figureSelection.value = new Set([figure]);
    go(run, "explanations");
  });
}

function arrangeSamples(shown: Outcome, order: Sort): void {
  clearSelection();
  outcome.value = shown;
  sort.value = order;
  page.value = 0;
}

/** What was logged by a method, in the view of its kind. */
export function showLogged(run: string, series: readonly SeriesDeclaration[]): void {
  const [first] = series;
  if (!first) return;
  if (first.kind === "CHANNELS") showLayer(run, first.layer || first.tag);
  else if (first.kind === "PROJECTION") showClasses(run, first.tag, null);
  else
    batch(() => {
      const layers = series.map(({ layer }) => layer).filter(Boolean);
      if (first.kind === "CLUSTERS") {
        clusterLayerSelection.value = null;
        go(run, "clusters");
        return;
      }
      methodSelection.value = new Set([methodOf(first)]);
      layerSelection.value = layers.length ? new Set(layers) : null;
      go(run, "explanations");
    });
}

/** Channels of a layer: all, or the dead ones. */
export function showLayer(run: string, layer: string, shown: "all" | "dead" = "all"): void {
  batch(() => {
    layerChoice.value = layer;
    runChoice.value = run;
    liveness.value = shown;
    go(run, "features");
  });
}

/** A projection, with two classes alone, or all. */
export function showClasses(run: string, tag: string, pair: Pair | null): void {
  batch(() => {
    tagChoice.value = tag;
    activeRun.value = run;
    chosenPair.value = null;
    if (pair) togglePair({ first: pair.first, second: pair.second });
    side.value = pair ? "classes" : "measures";
    go(run, "projection");
  });
}
