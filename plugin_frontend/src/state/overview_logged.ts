/** What was logged of a run, and when: the first thing that the overview says, from what `runs` and `steps` tell. */
import type { SeriesDeclaration, SeriesSteps } from "../data/answers.ts";
import { unionOfSteps } from "./alignment.ts";
import { groupBy } from "./group.ts";
import { methodOf, seriesKey } from "./series.ts";

/** All series of one method, which as a rule differ in the layer. */
export type Trace = {
  method: string;
  kind: string;
  series: readonly SeriesDeclaration[];
  layers: readonly string[];
  /** Ascending; none until the answer of `steps` is there. */
  steps: readonly number[];
  /** Of the newest record, in seconds since the epoch; 0: not known. */
  written: number;
};

export type StepIndex = ReadonlyMap<string, SeriesSteps> | undefined;

/** In the order in which methods were first logged. */
export function tracesOf(series: readonly SeriesDeclaration[], index: StepIndex): Trace[] {
  const byMethod = groupBy(series, (declared) => `${declared.kind}:${methodOf(declared)}`);
  return Array.from(byMethod.values(), (series) => {
    const [first] = series as [SeriesDeclaration];
    const logged = series.flatMap((declared) => index?.get(seriesKey(declared)) ?? []);
    return {
      method: methodOf(first),
      kind: first.kind,
      series,
      layers: [...new Set(series.map(({ layer }) => layer).filter(Boolean))],
      steps: unionOfSteps(logged),
      written: Math.max(0, ...logged.map(({ wall_times }) => largest(wall_times))),
    };
  });
}

/** When a run was written to; `null` until that is known. */
type Activity = { last: number; writing: boolean };

/** Longer than so many times the usual pause between two steps, nothing more is expected. */
const PATIENCE = 3;
/** Seconds. */
const SHORTEST = 30;
const CONSIDERED = 5;

/** `now` in seconds since the epoch, as wall times are. */
export function activityOf(logged: readonly SeriesSteps[], now: number): Activity | null {
  const times = newestTimes(logged);
  const [last] = times;
  if (last === undefined) return null;
  const pauses = times.slice(1, CONSIDERED + 1).map((time, i) => (times[i] as number) - time);
  return { last, writing: now - last <= Math.max(SHORTEST, PATIENCE * Math.max(0, ...pauses)) };
}

/** When each of the newest steps was first logged, the newest first. */
function newestTimes(logged: readonly SeriesSteps[]): number[] {
  const byStep = new Map<number, number>();
  let last = 0;
  for (const { steps, wall_times } of logged)
    steps.forEach((step, i) => {
      const time = wall_times[i] as number;
      last = Math.max(last, time);
      byStep.set(step, Math.min(time, byStep.get(step) ?? time));
    });
  if (byStep.size === 0) return [];
  const starts = [...byStep.values()].sort((a, b) => b - a).filter((time) => time < last);
  return [last, ...starts];
}

const UNITS: [seconds: number, name: string][] = [
  [31_536_000, "y"],
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A time span in its largest unit, such as "3 min". */
export function spanText(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.max(0, Math.floor(seconds / size))} ${unit}`;
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}
