/** How alike the two maps of a pair are: one figure, or why there is none. Maps are measured once, a few at a time, so that the page never waits. */
import { computed, effect, signal, untracked } from "@preact/signals";
import type { ClusterMap } from "../../data/cluster_map.ts";
import type { AttributionMap, ValueMap } from "../../data/maps.ts";
import { hasValues } from "../../data/maps.ts";
import { finerRaster, type Placed, valuesOn } from "../../render/compare/rasters.ts";
import { spearman } from "../../render/compare/similarity.ts";
import { labelMap } from "../../state/label_maps.ts";
import { shownMap } from "../explanations/shown_map.ts";
import { type MapPair, type SamplePair, sameRecord, sameSubject } from "./pairs.ts";

export type Likeness =
  /** Spearman's rank correlation of the values. */
  | { form: "similarity"; value: number }
  /** The share of positions that fell into another cluster. */
  | { form: "moved"; value: number }
  | { form: "none"; why: string; advice?: string }
  | { form: "pending" };

const OTHER_CLASS: Likeness = {
  form: "none",
  why: "another class on each side",
  advice:
    "No class was logged on both sides. Explain the label, or several classes, so that maps compare while predictions change.",
};

const known = new WeakMap<AttributionMap, WeakMap<AttributionMap, Likeness>>();
const news = signal(0);

/** Whether some of the pairs have not been measured yet. */
export const measuring = signal(false);

/** Called again, in an effect, when it is measured. */
export function likenessOf(pair: MapPair): Likeness {
  const { a, b } = pair;
  if (!a.target || !b.target) return { form: "none", why: "not logged for this class" };
  if (sameRecord(pair)) return { form: "none", why: "the same record on both sides" };
  if (!sameSubject(pair)) return OTHER_CLASS;
  void news.value;
  return known.get(shownMap(a.target))?.get(shownMap(b.target)) ?? { form: "pending" };
}

/** The mean over the maps of a sample that have values; `undefined`: none is known. */
export function meanSimilarity({ maps }: SamplePair): number | undefined {
  return mean(maps.map(likenessOf));
}

export function mean(all: readonly Likeness[]): number | undefined {
  const values = all.flatMap((likeness) => (likeness.form === "similarity" ? [likeness.value] : []));
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}

/** Milliseconds at a time, between which the page answers. */
const SLICE = 12;
/** At once, so that coarse maps need no second look. */
const FIRST = 40;
/** Milliseconds between two looks at what has become known. */
const NEWS = 200;

/** Keeps measuring the pairs. Returns what undoes it. */
export function followLikeness(pairs: { value: readonly SamplePair[] }): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let told = 0;
  const unknown = computed(() => pairs.value.flatMap(({ maps }) => maps.filter(measurable)));
  const work = (wanted: readonly MapPair[], from: number, patience: number) => {
    const start = performance.now();
    let at = from;
    while (at < wanted.length && performance.now() - start < patience) measure(wanted[at++] as MapPair);
    measuring.value = at < wanted.length;
    if (!measuring.value || start - told > NEWS) {
      news.value++;
      told = start;
    }
    if (at < wanted.length) timer = setTimeout(work, 0, wanted, at, SLICE);
  };
  const stop = effect(() => {
    clearTimeout(timer);
    const wanted = unknown.value;
    for (const pair of wanted) lookAtLabels(pair); // called again when they have arrived
    untracked(() => work(wanted, 0, FIRST));
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function measurable(pair: MapPair): boolean {
  return Boolean(pair.a.target && pair.b.target) && sameSubject(pair) && !sameRecord(pair);
}

function mapsOf({ a, b }: MapPair): [AttributionMap, AttributionMap] | null {
  return a.target && b.target ? [shownMap(a.target), shownMap(b.target)] : null;
}

function measure(pair: MapPair): void {
  const [a, b] = mapsOf(pair) ?? [];
  if (!a || !b || known.get(a)?.has(b)) return;
  const likeness = compared(pair, a, b);
  if (likeness.form === "pending") return;
  const row = known.get(a) ?? new WeakMap<AttributionMap, Likeness>();
  known.set(a, row.set(b, likeness));
}

function compared({ series: { a: frameA, b: frameB } }: MapPair, a: AttributionMap, b: AttributionMap): Likeness {
  if (a.form === "clusters" && b.form === "clusters")
    return frameA.series.run === frameB.series.run
      ? moved(a, b)
      : { form: "none", why: "clusters of two runs have no names in common" };
  if (!hasValues(a) || !hasValues(b)) return { form: "none", why: "not a map of values" };
  if (a.form === "superpixels" && b.form === "superpixels" && a.segments === b.segments)
    return similarity(...withoutPadding(a.weights, b.weights));
  const [first, second] = [placedOn(a, frameA.series.run), placedOn(b, frameB.series.run)];
  if (first === undefined || second === undefined) return { form: "pending" };
  if (first === null || second === null) return { form: "none", why: "the superpixels cannot be read" };
  const raster = finerRaster(first, second);
  return similarity(valuesOn(first, raster), valuesOn(second, raster));
}

function similarity(a: Float32Array, b: Float32Array): Likeness {
  const value = spearman(a, b);
  return value === undefined ? { form: "none", why: "a map is the same everywhere" } : { form: "similarity", value };
}

/** Samples with fewer superpixels than others have zeros behind them. */
function withoutPadding(a: Float32Array, b: Float32Array): [Float32Array, Float32Array] {
  let count = Math.max(a.length, b.length);
  while (count > 0 && !a[count - 1] && !b[count - 1]) count--;
  const cut = (values: Float32Array) => Float32Array.from({ length: count }, (_, i) => values[i] ?? 0);
  return [cut(a), cut(b)];
}

function moved(a: ClusterMap, b: ClusterMap): Likeness {
  if (String(a.path.grid) !== String(b.path.grid)) return { form: "none", why: "the layer's grid is another" };
  const nameIn = ({ path }: ClusterMap, cluster: number | undefined) => path.ids[cluster ?? -1];
  const other = a.labels.reduce((sum, label, i) => sum + Number(nameIn(a, label) !== nameIn(b, b.labels[i])), 0);
  return { form: "moved", value: other / a.labels.length };
}

/** `undefined`: its label map is on its way; `null`: it cannot be read. */
export function placedOn(map: ValueMap, run: string): Placed | null | undefined {
  if (map.form !== "superpixels") return map;
  const labels = labelMap(run, map.segments);
  return labels && { map, labels };
}

function lookAtLabels(pair: MapPair): void {
  const [a, b] = mapsOf(pair) ?? [];
  if (a?.form === b?.form && a?.form === "superpixels" && a.segments === (b as typeof a).segments) return;
  if (a && hasValues(a)) placedOn(a, pair.series.a.series.run);
  if (b && hasValues(b)) placedOn(b, pair.series.b.series.run);
}
