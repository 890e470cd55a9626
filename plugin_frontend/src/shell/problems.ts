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

/** For instance "2 failed, 3 dropped"; empty when all is well. */
export function problemWords(runs: readonly Run[]): string {
  return WORDS.map(([count, word]): [number, string] => [runs.reduce((sum, run) => sum + run.counts[count], 0), word])
    .filter(([total]) => total > 0)
    .map(([total, word]) => `${total} ${word}`)
    .join(", ");
}

export const problemSummary = computed(() => problemWords(runs.value ?? []));

/** The newest first. */
export const failures = computed(() =>
  (runs.value ?? [])
    .flatMap(({ run, failures }) => failures.map((failure) => ({ run, ...failure })))
    .sort((a, b) => b.wall_time - a.wall_time),
);
