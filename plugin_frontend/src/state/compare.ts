/** The two sides of a comparison: which run and step each is, and how the samples that both have are ordered. */
import { batch, computed, type Signal, signal } from "@preact/signals";
import { isKind } from "../data/kinds.ts";
import { adjusted, between, bind, oneOf, orNothing, text } from "./bindings.ts";
import { listedRuns, shownRuns } from "./runs.ts";
import { shownSeries } from "./series.ts";

export type Side = "a" | "b";
export const SIDES = ["a", "b"] as const;

/** A step of its own, or that of the page's slider; `null`: the default. */
export type StepChoice = number | "page" | null;

const COMPARE_ORDERS = ["change", "similarity", "probability", "logged"] as const;
export const CHANGES = ["all", "changed", "fixed", "broken"] as const;

export type CompareOrder = (typeof COMPARE_ORDERS)[number];
/** Of the prediction: fixed is wrong in A and right in B, broken the other way round. */
export type Change = (typeof CHANGES)[number];

/** `null`: the default. */
export const runChoice: Record<Side, Signal<string | null>> = { a: signal(null), b: signal(null) };
export const stepChoice: Record<Side, Signal<StepChoice>> = { a: signal(null), b: signal(null) };

export const compareOrder = signal<CompareOrder>("change");
export const changeFilter = signal<Change>("all");

/** Maps of one sample on both sides: the sample by its id in A, and the series of A by `seriesKey`. */
type PairName = { sample: string; series: string };

/** The enlarged pair. */
export const openPair = signal<PairName | null>(null);

/** The page's step at which the pairs on screen were loaded. */
export const compareStep = signal<number | null>(null);
export const compareLoading = signal(false);

/** The shown runs in which samples were explained. */
export const comparableRuns = computed(() =>
  shownRuns.value.filter(({ series }) => series.some(({ kind }) => isKind(kind))).map(({ run }) => run),
);

/** What maps of a run go by when they are joined: tags, and methods of layers. */
function namesIn(name: string | undefined): ReadonlySet<string> {
  const all = shownRuns.value.find(({ run }) => run === name)?.series.filter(({ kind }) => isKind(kind)) ?? [];
  return new Set(all.flatMap(({ tag, method, layer }) => [tag, `${method} of ${layer}`]));
}

/** By default the first run and one that has something in common with it, or else the first one twice; `null`: there is none. */
export const sideRuns = computed<Record<Side, string> | null>(() => {
  const [first] = comparableRuns.value;
  const a = runChoice.a.value ?? first;
  const names = namesIn(a);
  const alike = (run: string) => run !== a && [...namesIn(run)].some((name) => names.has(name));
  const b = runChoice.b.value ?? comparableRuns.value.find(alike) ?? a;
  return a === undefined || b === undefined ? null : { a, b };
});

/** The sides whose run cannot be shown, and why. */
export const missingSides = computed(() =>
  SIDES.flatMap((side) => {
    const run = sideRuns.value?.[side];
    if (run === undefined || comparableRuns.value.includes(run)) return [];
    const listed = listedRuns.value.some((candidate) => candidate.run === run);
    const hidden = listed && !shownRuns.value.some((candidate) => candidate.run === run);
    return [{ side, run, why: !listed ? ("gone" as const) : hidden ? ("hidden" as const) : ("empty" as const) }];
  }),
);

/** The chosen series of both runs. */
export const comparedSeries = computed(() => {
  const { a, b } = sideRuns.value ?? {};
  return shownSeries.value.filter(({ run }) => run === a || run === b);
});

/** The other side stays what it is, also where it was a default. */
export function chooseRun(side: Side, run: string): void {
  const now = sideRuns.peek();
  batch(() => {
    for (const each of SIDES) runChoice[each].value = each === side ? run : (now?.[each] ?? null);
    stepChoice[side].value = null; // of another run
  });
}

export function resetSides(): void {
  batch(() => {
    for (const side of SIDES) runChoice[side].value = stepChoice[side].value = null;
  });
}

/** What a side shows of its own accord: of one run the first step against that of the page, of two runs that of the page. */
export function defaultStep(side: Side): "first" | "page" {
  const { a, b } = sideRuns.value ?? {};
  return side === "a" && a === b ? "first" : "page";
}

function parseStep(text: string): StepChoice | undefined {
  if (text === "page") return "page";
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function parsePair(text: string): PairName | undefined {
  const colon = text.indexOf(":"); // ids have none
  return colon > 0 ? { sample: text.slice(0, colon), series: text.slice(colon + 1) } : undefined;
}

/** Where the divider between enlarged maps is, in percent of their width: A at its left, B at its right. */
export const divider = signal(50);

export const compareBindings = [
  adjusted(bind("divider", divider, 50, between(0, 100))),
  ...SIDES.flatMap((side) => [
    bind<string | null>(`${side}_run`, runChoice[side], null, text, orNothing),
    bind<StepChoice>(`${side}_step`, stepChoice[side], null, parseStep),
  ]),
  bind("against_sort", compareOrder, "change", oneOf<CompareOrder>(COMPARE_ORDERS)),
  bind("against_show", changeFilter, "all", oneOf<Change>(CHANGES)),
  bind<PairName | null>("against", openPair, null, parsePair, (pair) => (pair ? `${pair.sample}:${pair.series}` : "")),
];
