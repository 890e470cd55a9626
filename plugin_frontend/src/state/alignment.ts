/** Aligns series that were logged at different steps. */
import type { SeriesSteps } from "../data/answers.ts";

/** The records of one series at one step: several when it was logged by several processes, or twice. */
export type Entries = { step: number; wallTime: number; keys: string[] };

/** All steps of the series, each once, ascending. */
export function unionOfSteps(series: readonly SeriesSteps[]): number[] {
  return [...new Set(series.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
}

/** The index of the largest number that is not above `value`; -1 when all are. */
export function lastNotAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The index of the first value that is not below `value`. */
function firstNotBelow(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The records to show at `step`: those of the step, else of the nearest earlier, else of the nearest later one. */
export function entriesAt({ steps, wall_times, keys }: SeriesSteps, step: number): Entries | null {
  if (steps.length === 0) return null;
  const last = lastNotAbove(steps, step);
  const found = steps[Math.max(0, last)] as number;
  const from = firstNotBelow(steps, found);
  const to = lastNotAbove(steps, found);
  return { step: found, wallTime: wall_times[to] ?? 0, keys: keys.slice(from, to + 1) };
}
