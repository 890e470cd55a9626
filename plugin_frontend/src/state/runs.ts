/** The runs, which of them are shown, and their colours. */
import { computed, signal } from "@preact/signals";
import type { Run } from "../data/answers.ts";
import { bind, nameSet, text, typed } from "./bindings.ts";
import { compileFilter, matching } from "./filter.ts";

/** `null` until the first answer. */
export const runs = signal<Run[] | null>(null);
/** What keeps runs from being shown, a sentence each: a server that does not answer, a missing driver. */
export const notices = signal<readonly string[]>([]);
/** Which share of the logdir the server has read, from 0 to 1, while there is much to read; then `null`. */
export const indexing = signal<number | null>(null);
export const runFilter = signal("");
/** `null`: the default, the first few. */
export const runSelection = signal<ReadonlySet<string> | null>(null);

const SHOWN_BY_DEFAULT = 10;

const NUMBER = /(\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i;
const texts = new Intl.Collator();

/** By the values of the numbers in them, such as learning rates: 0.003 comes before 0.01, and 1e-4 before both. */
export function byName(a: string, b: string): number {
  const [x, y] = [a.split(NUMBER), b.split(NUMBER)]; // numbers have odd places
  for (let i = 0; i < x.length && i < y.length; i++) {
    const [s, t] = [x[i] as string, y[i] as string];
    const by = i % 2 ? Number(s) - Number(t) : texts.compare(s, t);
    if (by) return by;
  }
  return x.length - y.length;
}

export const listedRuns = computed(() =>
  (runs.value ?? []).filter((run) => run.series.length > 0).sort((a, b) => byName(a.run, b.run)),
);

export const runPattern = computed(() => compileFilter(runFilter.value));

export const matchingRuns = computed(() => matching(listedRuns.value, runPattern.value, ({ run }) => run));

export const selectedRuns = computed<ReadonlySet<string>>(
  () => runSelection.value ?? new Set(listedRuns.value.slice(0, SHOWN_BY_DEFAULT).map(({ run }) => run)),
);

export const shownRuns = computed(() => matchingRuns.value.filter(({ run }) => selectedRuns.value.has(run)));

export function selectRun(run: string, selected: boolean): void {
  const selection = new Set(selectedRuns.value);
  if (selected) selection.add(run);
  else selection.delete(run);
  runSelection.value = selection;
}

export function selectMatchingRuns(selected: boolean): void {
  const selection = new Set(selectedRuns.value);
  for (const { run } of matchingRuns.value) selected ? selection.add(run) : selection.delete(run);
  runSelection.value = selection;
}

const COLOURS = 7;

/** In which TensorBoard has learned of the runs. It gives each the next colour, and so do we: a run looks the same in all dashboards. */
export const runOrder = signal<readonly string[]>([]);

/** What is new comes last, as in TensorBoard: a run keeps its colour. */
export function learnOrder(names: readonly string[]): void {
  const known = new Set(runOrder.peek());
  if (names.some((name) => !known.has(name))) runOrder.value = [...new Set([...known, ...names])];
}

/** Those that TensorBoard does not know (yet) come after the others. The colours themselves are in tokens.css. */
export const runColours = computed(() => {
  const names = new Set([...runOrder.value, ...listedRuns.value.map(({ run }) => run)]);
  return new Map(Array.from(names, (name, i) => [name, `var(--run-${i % COLOURS})`]));
});

export const runBindings = [
  bind("runs", runSelection, null, ...nameSet),
  typed(bind("run_filter", runFilter, "", text)),
];
