/** What points can be coloured by, and the colours that follow from it. */
import { computed } from "@preact/signals";
import type { Column, Stored } from "../data/columns.ts";
import { numberAt, UNKNOWN } from "../data/columns.ts";
import type { Projection } from "../data/projections.ts";
import { categoryColour, OUTCOME_COLOURS } from "../render/categories/colours.ts";
import { packColour, palette } from "../render/heatmap/lut.ts";
import { colourMap } from "./appearance.ts";
import { className, classNames } from "./class_names.ts";
import { lookAt } from "./columns.ts";
import { type Points, projectionFrame } from "./projection_frame.ts";
import { type Colouring, colouringChoice } from "./projections.ts";

/** A code for each row; codes from `count` on are not known. */
export type Categories = {
  kind: "categories";
  codes: Uint8Array | Uint16Array;
  count: number;
  /** Rows of each code, and last of those that are not known. */
  counts: Uint32Array;
};

/** A number for each row, from `low` to `high`. */
export type Scale = { kind: "scale"; column: Column; stored: Uint16Array | Float32Array; low: number; high: number };

type Coloured = Categories | Scale;

const OUTCOMES = ["right", "wrong"] as const;

const TITLES: Record<string, string> = {
  label: "True class",
  predicted: "Predicted class",
  outcome: "Correctness",
  probability: "Probability",
  none: "Nothing",
};

export function colouringTitle(colouring: Colouring): string {
  return TITLES[colouring] ?? columnTitle(colouring.slice("column:".length));
}

/** Columns that the library adds have names for programs. */
export function columnTitle(name: string): string {
  return { knn_purity: "kNN purity", silhouette: "Silhouette" }[name] ?? name;
}

/** What the rows are called, such as files: as many colours would say nothing. */
export const NAME = "name";

/** What the rows of a header can be coloured by, the default first. */
function colouringsOf(header: Projection): Colouring[] {
  const { labels, predicted, probabilities, columns } = header;
  return [
    ...(labels ? (["label"] as const) : []),
    ...(predicted ? (["predicted"] as const) : []),
    ...(labels && predicted ? (["outcome"] as const) : []),
    ...(probabilities ? (["probability"] as const) : []),
    ...columns.flatMap(({ name }): Colouring[] => (name === NAME ? [] : [`column:${name}`])),
    "none",
  ];
}

/** Of all runs on screen. */
export const colourings = computed<Colouring[]>(() => [
  ...new Set((projectionFrame.value?.runs ?? []).flatMap(({ points }) => (points ? colouringsOf(points.header) : []))),
]);

/** The chosen one if there is such a thing, else the first. */
export const colouring = computed<Colouring>(() => {
  const chosen = colouringChoice.value;
  return chosen && colourings.value.includes(chosen) ? chosen : (colourings.value[0] ?? "none");
});

/** The columns that a colouring needs. */
function columnsOf(colouring: Colouring, header: Projection): Column[] {
  const { labels, predicted, probabilities } = header;
  const needed = {
    label: [labels],
    predicted: [predicted],
    outcome: [labels, predicted],
    probability: [probabilities],
    none: [],
  }[colouring as string] ?? [namedColumn(colouring, header)?.column];
  return needed.filter((column) => column !== undefined);
}

function namedColumn(colouring: Colouring, { columns }: Projection) {
  return columns.find(({ name }) => `column:${name}` === colouring);
}

/** Content hash of the names that the codes have; empty: numbers. */
function namesOf(colouring: Colouring, header: Projection): string {
  return namedColumn(colouring, header)?.categories ?? header.classes;
}

export function categoryName(colouring: Colouring, header: Projection, code: number): string {
  if (colouring === "outcome") return OUTCOMES[code] ?? "unknown";
  const names = namesOf(colouring, header);
  return names || !colouring.startsWith("column:") ? className(names, code) : String(code);
}

const kept = new WeakMap<object, Map<string, Coloured>>();

/** `undefined`: on its way; `null`: by nothing, or by what cannot be read. Tracks what it needs. */
export function coloured({ series, header }: Points, by: Colouring): Coloured | null | undefined {
  const columns = columnsOf(by, header);
  const values = columns.map((column) => lookAt(series.run, column));
  const [first, second] = values;
  if (values.includes(undefined)) return undefined;
  if (!first || values.includes(null)) return null;
  const names = classNames(namesOf(by, header))?.length ?? 0;
  const key = `${by} ${names} ${columns.map(({ hash }) => hash)}`;
  let ways = kept.get(first);
  if (!ways) {
    ways = new Map();
    kept.set(first, ways);
  }
  let found = ways.get(key);
  if (!found) {
    found = colouredBy(by, header, columns[0] as Column, first, second ?? null, names);
    ways.set(key, found);
  }
  return found;
}

function colouredBy(
  by: Colouring,
  header: Projection,
  column: Column,
  stored: Stored,
  other: Stored | null,
  names: number,
): Coloured {
  if (by === "outcome") return categories(outcomes(stored, other as Stored), 2);
  const named = namedColumn(by, header);
  if (by === "probability") return { kind: "scale", column, stored: stored as Uint16Array, low: 0, high: 1 };
  if (named && !named.categories) return scaleOf(named.low, named.high, column, stored);
  return categories(stored as Uint16Array, names);
}

/** Numbers of any type, as the GPU takes them. */
function scaleOf(low: number, high: number, column: Column, stored: Stored): Scale {
  if (stored instanceof Float32Array) return { kind: "scale", column, stored, low, high };
  const values = Float32Array.from({ length: column.shape[0] ?? 0 }, (_, row) => numberAt(column, stored, row));
  return { kind: "scale", column, stored: values, low, high };
}

/** At least `least` categories: those that have names exist even where no row is of them. */
function categories(codes: Uint8Array | Uint16Array, least: number): Categories {
  const all = new Uint32Array(UNKNOWN + 1);
  for (const code of codes) all[code] = (all[code] as number) + 1;
  let count = least;
  for (let code = count; code < UNKNOWN; code++) if (all[code]) count = code + 1;
  const counts = new Uint32Array(count + 1);
  counts.set(all.subarray(0, count));
  counts[count] = codes.length - counts.subarray(0, count).reduce((sum, rows) => sum + rows, 0);
  return { kind: "categories", codes, count, counts };
}

/** 0 right, 1 wrong, 2 not known. */
export function outcomes(labels: Stored, predicted: Stored): Uint8Array {
  const found = new Uint8Array(labels.length);
  for (let row = 0; row < found.length; row++) {
    const [label, guess] = [labels[row] as number, predicted[row] as number];
    found[row] = label === UNKNOWN || guess === UNKNOWN ? 2 : Number(label !== guess);
  }
  return found;
}

/** "#rrggbb" of a category. */
export function colourOfCategory(by: Colouring, code: number): string {
  return by === "outcome" ? (OUTCOME_COLOURS[code] ?? MISSING) : categoryColour(code);
}

/** Of points of which nothing is known. */
export const MISSING = "#8a8a8a";
/** Of points that are coloured by nothing. */
export const PLAIN = "#3b7dc4";

const palettes = new Map<string, Uint32Array>();

export function paletteOf(by: Colouring, count: number): Uint32Array {
  const key = `${by === "outcome"} ${count}`;
  let found = palettes.get(key);
  if (!found) {
    found = Uint32Array.from({ length: Math.max(1, count) }, (_, code) => packColour(colourOfCategory(by, code)));
    palettes.set(key, found);
  }
  return found;
}

/** Colours of numbers, low to high. */
export const scaleLut = computed(() => palette(colourMap.value));
