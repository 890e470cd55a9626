/** One step for the whole page: the slider's position among all logged steps, following, and playing. */
import { computed, effect, signal } from "@preact/signals";
import { visible } from "../host/visibility.ts";
import { lastNotAbove, unionOfSteps } from "./alignment.ts";
import { adjusted, type Binding, bind, kept } from "./bindings.ts";
import { shownKeys } from "./shown_keys.ts";
import { stepIndex } from "./steps.ts";

/** Whether new steps are shown as they arrive. */
export const follow = signal(true);
/** The step asked for while not following. */
const askedStep = signal<number | null>(null);

const shownSteps = computed(() => shownKeys.value.flatMap(({ run, key }) => stepIndex.value.get(run)?.get(key) ?? []));

export const steps = computed(() => unionOfSteps(shownSteps.value));

/** The slider's index into `steps`: that of the asked step or the nearest earlier one; -1 without steps. */
export const stepAt = computed(() => {
  const last = steps.value.length - 1;
  if (follow.value || askedStep.value === null) return last;
  return Math.min(last, Math.max(0, lastNotAbove(steps.value, askedStep.value)));
});

export const step = computed(() => steps.value[stepAt.value] ?? null);

/** When the shown step was logged, in seconds since the epoch. */
export const wallTime = computed(() => {
  const at = step.value;
  const times = shownSteps.value.flatMap(({ steps, wall_times }) => {
    const i = at === null ? -1 : lastNotAbove(steps, at);
    return steps[i] === at ? [wall_times[i] as number] : [];
  });
  return times.length ? Math.max(...times) : null;
});

export function moveTo(index: number): void {
  const last = steps.value.length - 1;
  const at = Math.min(last, Math.max(0, index));
  askedStep.value = steps.value[at] ?? null;
  follow.value = at === last;
}

/** To this step, or the nearest earlier one. */
export function moveToStep(to: number): void {
  moveTo(lastNotAbove(steps.value, to));
}

export function moveBy(distance: number): void {
  moveTo(stepAt.value + distance);
}

export function setFollow(on: boolean): void {
  askedStep.value = step.value;
  follow.value = on;
}

export const playing = signal(false);
export const SPEEDS = [0.5, 1, 2, 4, 8];
/** Steps a second. */
export const speed = signal(2);

export function togglePlay(): void {
  if (!playing.value && stepAt.value === steps.value.length - 1) moveTo(0);
  playing.value = !playing.value;
}

/** Moves on while playing, but never before the shown step is on screen, and stops at the end. */
export function runPlayback(onScreen: { value: number | null }): void {
  effect(() => {
    if (!playing.value || !visible.value || onScreen.value !== step.value) return;
    if (stepAt.value >= steps.value.length - 1) {
      playing.value = false;
      return;
    }
    const timer = setTimeout(() => moveBy(1), 1000 / speed.value);
    return () => clearTimeout(timer);
  });
}

export const stepBindings: Binding[] = [
  adjusted({
    key: "step",
    write: () => {
      const at = step.value ?? askedStep.value; // steps may be on their way
      return follow.value || at === null ? null : String(at);
    },
    read: (value) => {
      const asked = value !== null && /^-?\d+$/.test(value) ? Number(value) : null;
      askedStep.value = asked;
      follow.value = asked === null;
    },
    weight: "choice",
    kept: false,
  }),
];

/** Kept off the link: how fast somebody watches is nothing to share. */
export const speedBindings = [
  kept(bind("speed", speed, 2, (value) => SPEEDS.find((option) => String(option) === value))),
];
