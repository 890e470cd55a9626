/** The series of the shown runs, and the choice of methods and layers among them. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Run, SeriesDeclaration } from "../data/answers.ts";
import { isKind, type Kind } from "../data/kinds.ts";
import { bind, nameSet, orNothing, text, typed } from "./bindings.ts";
import { compileFilter, matching } from "./filter.ts";
import { groupBy } from "./group.ts";
import { runs, shownRuns } from "./runs.ts";
import { view } from "./view.ts";

export { seriesKey } from "../data/steps.ts";

export type LoggedSeries = SeriesDeclaration & { run: string };

export type Series = LoggedSeries & { kind: Kind };

const KIND_NAMES: Record<Kind, string> = {
  HEATMAPS: "map",
  SUPERPIXELS: "superpixels",
  OCCLUSION: "single windows",
  OCCLUSION_PAIRS: "pairs of windows",
  CORRELATIONS: "correlations",
  RECONSTRUCTIONS: "reconstructions",
  CLUSTERS: "clusters",
};

export const tagFilter = signal("");
/** `null`: the default. */
export const methodSelection = signal<ReadonlySet<string> | null>(null);
export const layerSelection = signal<ReadonlySet<string> | null>(null);

/** The series that the enlarged sample shows at full size, by `seriesKey`; `null`: the first. */
export const openSeries = signal<string | null>(null);

/** With more series in a run than this the default is to show one layer of each run. */
const TILES_BY_DEFAULT = 6;

export const tagPattern = computed(() => compileFilter(tagFilter.value));

const matchingSeries = computed(() =>
  matching(shownRuns.value.flatMap(knownSeries), tagPattern.value, ({ tag }) => tag),
);

/** The series of a kind that has a view of its own: of the shown runs, whatever the filter of tags says. */
export function loggedOf(wanted: string): ReadonlySignal<LoggedSeries[]> {
  return computed(() =>
    shownRuns.value.flatMap(({ run, series }) =>
      series.filter(({ kind }) => kind === wanted).map((declared) => ({ ...declared, run })),
    ),
  );
}

/** What a series is listed under: its method, or its tag when the values came from elsewhere. */
export function methodOf(series: SeriesDeclaration): string {
  return series.method || series.tag;
}

/** The layer of a series that has one; its tag stands in for it. */
export function layerOf(series: SeriesDeclaration): string {
  return series.layer || series.tag;
}

/** Its name in a sentence or a heading: layers of an `nn.Sequential` are called by numbers. */
export function layerTitle(series: SeriesDeclaration): string {
  return titleOfLayer(layerOf(series));
}

export function titleOfLayer(name: string): string {
  return /^\d/.test(name) ? `layer ${name}` : name;
}

export const methods = computed(() => unique(matchingSeries.value.map(methodOf)));

export const layers = computed(() => unique(matchingSeries.value.map(({ layer }) => layer).filter(Boolean)));

export const chosenMethods = computed(() =>
  chosen(methodSelection, methods.value, methods.value.slice(0, TILES_BY_DEFAULT)),
);

export const chosenLayers = computed(() => {
  const perRun = groupBy(matchingSeries.value, ({ run }) => run);
  const most = Math.max(0, ...Array.from(perRun.values(), (series) => series.length));
  const last = Array.from(perRun.values(), deepest);
  return chosen(layerSelection, layers.value, most > TILES_BY_DEFAULT ? unique(last) : layers.value);
});

/** With many series of a run, the layer shown: that which was named last, as a rule the deepest. Clusters follow layers to the very end. */
function deepest(series: readonly Series[]): string {
  const explained = series.findLast(({ kind, layer }) => layer && kind !== "CLUSTERS");
  return (explained ?? series.findLast(({ layer }) => layer))?.layer ?? "";
}

const explainedSeries = computed(() =>
  matchingSeries.value.filter(
    (series) => chosenMethods.value.has(methodOf(series)) && (!series.layer || chosenLayers.value.has(series.layer)),
  ),
);

/** Those of clusters, which a view of their own shows: there all layers by default. */
export const clusterSeries = computed(() => matchingSeries.value.filter(({ kind }) => kind === "CLUSTERS"));
/** `null`: the default. */
export const clusterLayerSelection = signal<ReadonlySet<string> | null>(null);
export const clusterLayers = computed(() => unique(clusterSeries.value.map(layerOf)));
export const chosenClusterLayers = computed(() =>
  chosen(clusterLayerSelection, clusterLayers.value, clusterLayers.value),
);

/** The series that the shown view shows. */
export const shownSeries = computed(() =>
  view.value === "clusters"
    ? clusterSeries.value.filter((series) => chosenClusterLayers.value.has(layerOf(series)))
    : explainedSeries.value,
);

/** All series of a run, whatever the filters say. */
export function seriesOf(run: string): Series[] {
  const found = runs.value?.find((candidate) => candidate.run === run);
  return found ? knownSeries(found) : [];
}

/**
 * Short names of series that tell those of one run apart: the tag's prefix is named only where there are several, the kind
 * only where one name stands for several.
 */
export const seriesNames = computed(() => {
  const byRun = groupBy(matchingSeries.value, ({ run }) => run);
  const several = new Set(
    [...byRun].filter(([, series]) => new Set(series.map(prefixOf)).size > 1).map(([run]) => run),
  );
  const kinds = new Map(
    [...groupBy(matchingSeries.value, nameOf)].map(([name, series]) => [name, new Set(series.map(({ kind }) => kind))]),
  );
  return (series: Series): string => {
    const plain = nameOf(series);
    const name = (kinds.get(plain)?.size ?? 1) > 1 ? `${plain} · ${KIND_NAMES[series.kind]}` : plain;
    return several.has(series.run) && series.method && prefixOf(series) ? `${prefixOf(series)} · ${name}` : name;
  };
});

function nameOf(series: Series): string {
  return [methodOf(series), series.layer].filter(Boolean).join(" · ");
}

export function toggle(
  selection: Signal<ReadonlySet<string> | null>,
  current: ReadonlySet<string>,
  name: string,
): void {
  const next = new Set(current);
  if (!next.delete(name)) next.add(name);
  selection.value = next;
}

/** Those that this version can show. */
function knownSeries({ run, series }: Run): Series[] {
  return series.flatMap(({ kind, ...declared }) => (isKind(kind) ? [{ ...declared, kind, run }] : []));
}

function prefixOf({ tag }: SeriesDeclaration): string {
  const slash = tag.indexOf("/");
  return slash < 0 ? "" : tag.slice(0, slash);
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}

/** The selected names that exist; the default when none of them does, as after a change of runs. */
function chosen(
  selection: Signal<ReadonlySet<string> | null>,
  existing: string[],
  byDefault: string[],
): ReadonlySet<string> {
  const selected = selection.value;
  if (!selected) return new Set(byDefault);
  const present = existing.filter((name) => selected.has(name));
  return new Set(present.length || selected.size === 0 ? present : byDefault);
}

export const seriesBindings = [
  typed(bind("tag_filter", tagFilter, "", text)),
  bind("methods", methodSelection, null, ...nameSet),
  bind("layers", layerSelection, null, ...nameSet),
  bind("cluster_layers", clusterLayerSelection, null, ...nameSet),
  bind<string | null>("series", openSeries, null, text, orNothing),
];
