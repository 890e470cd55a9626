/** What is compared: the records of both sides, loaded together and shown together. */
import { batch, computed, effect, signal } from "@preact/signals";
import { latest } from "../data/latest.ts";
import { unionOfSteps } from "./alignment.ts";
import {
  comparedSeries,
  compareLoading,
  compareStep,
  defaultStep,
  runChoice,
  SIDES,
  type Side,
  sideRuns,
  stepChoice,
} from "./compare.ts";
import { loadSeries, recordsAt, type SeriesFrame } from "./frame.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { step } from "./timeline.ts";

export type SideFrame = { run: string; step: number; frames: SeriesFrame[] };

/** Replaced, never changed. */
type CompareFrame = Record<Side, SideFrame>;

export const compareFrame = signal<CompareFrame | null>(null);

/** All steps of the compared series of a side. */
export function stepsOf(side: Side): number[] {
  const run = sideRuns.value?.[side];
  const index = run === undefined ? undefined : stepIndex.value.get(run);
  const logged = comparedSeries.value.flatMap((series) => {
    const steps = series.run === run ? index?.get(seriesKey(series)) : undefined;
    return steps ? [steps] : [];
  });
  return unionOfSteps(logged);
}

/** The step that each side shows; `null`: none is known yet. */
export const sideSteps = computed<Record<Side, number | null>>(() => ({ a: stepOf("a"), b: stepOf("b") }));

function stepOf(side: Side): number | null {
  const choice = stepChoice[side].value ?? defaultStep(side);
  if (choice === "page") return step.value;
  return choice === "first" ? (stepsOf(side)[0] ?? null) : choice;
}

/** Both sides show one step of one run, so that there is nothing to compare. */
export const identical = computed(
  () => sideRuns.value?.a === sideRuns.value?.b && sideSteps.value.a === sideSteps.value.b,
);

/** Exchanges the sides, with all that was chosen or is a default. */
export function swapSides(): void {
  const runs = sideRuns.peek();
  const steps = SIDES.map((side) => {
    const choice = stepChoice[side].peek() ?? defaultStep(side);
    return choice === "first" ? sideSteps.peek()[side] : choice;
  });
  if (!runs) return;
  batch(() => {
    [runChoice.a.value, runChoice.b.value] = [runs.b, runs.a];
    for (const [i, side] of SIDES.entries()) stepChoice[side].value = steps[1 - i] ?? null;
  });
}

type Wanted = { at: number; sides: Record<Side, { run: string; step: number; series: ReturnType<typeof recordsAt> }> };

/** Follows runs, series and steps as long as the view is shown. Returns what undoes it. */
export function followCompare(): () => void {
  const request = latest(
    async ({ at, sides }: Wanted) => {
      const [a, b] = await Promise.all(
        SIDES.map(async (side): Promise<SideFrame> => {
          const { run, step, series } = sides[side];
          return { run, step, frames: await loadSeries(run, series) };
        }),
      );
      return { at, frame: { a, b } as CompareFrame };
    },
    ({ at, frame }) =>
      batch(() => {
        compareFrame.value = frame;
        compareStep.value = at;
        compareLoading.value = at !== step.peek();
      }),
    (reason) => {
      compareLoading.value = false;
      reportTrouble(reason);
    },
  );
  return effect(() => {
    void unreachable.value; // asks again once the server is back
    const wanted = wantedNow();
    if (!wanted) return;
    compareLoading.value = true;
    request(wanted);
  });
}

function wantedNow(): Wanted | null {
  const runs = sideRuns.value;
  const { a, b } = sideSteps.value;
  if (!runs || a === null || b === null || step.value === null) return null;
  const sideAt = (run: string, at: number) => ({
    run,
    step: at,
    series: recordsAt(
      comparedSeries.value.filter((series) => series.run === run),
      at,
    ),
  });
  return { at: step.value, sides: { a: sideAt(runs.a, a), b: sideAt(runs.b, b) } };
}
