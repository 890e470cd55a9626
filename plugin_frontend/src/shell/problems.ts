/** What the writers could not explain or keep, and the readers not read, over the shown runs. */
import { computed } from "@preact/signals";
import type { Counts, Run } from "../data/answers.ts";
import { runs } from "../state/runs.ts";

const WORDS: [keyof Counts, string][] = [
  ["failed", "failed"],
  ["dropped", "dropped"],
  ["damaged", "damaged"],
  ["unknown", "of an unknown kind"],
];

const total = (runs: readonly Run[], count: keyof Counts) => runs.reduce((sum, run) => sum + run.counts[count], 0);

export function problemCount(runs: readonly Run[]): number {
  return WORDS.reduce((sum, [count]) => sum + total(runs, count), 0);
}

/** For instance "2 failed, 3 dropped"; empty when all is well. */
export function problemWords(runs: readonly Run[]): string {
  return WORDS.filter(([count]) => total(runs, count) > 0)
    .map(([count, word]) => `${total(runs, count)} ${word}`)
    .join(", ");
}

export const problemSummary = computed(() => problemWords(runs.value ?? []));

/** The newest first. */
export const failures = computed(() =>
  (runs.value ?? [])
    .flatMap(({ run, failures }) => failures.map((failure) => ({ run, ...failure })))
    .sort((a, b) => b.wall_time - a.wall_time),
);
