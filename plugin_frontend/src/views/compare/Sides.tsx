/** What is compared with what: the run and step of either side, and the button that exchanges them. */
import {
  chooseRun,
  comparableRuns,
  defaultStep,
  missingSides,
  type Side,
  type StepChoice,
  sideRuns,
  stepChoice,
} from "../../state/compare.ts";
import { sideSteps, stepsOf, swapSides } from "../../state/compare_frame.ts";
import { runColours } from "../../state/runs.ts";
import { step } from "../../state/timeline.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { Select } from "../../widgets/Select.tsx";

export const NAMES: Record<Side, string> = { a: "A", b: "B" };

export function Sides() {
  if (!sideRuns.value) return null;
  return (
    <div class="compare-sides" role="toolbar" aria-label="What is compared">
      <SidePicker side="a" run={sideRuns.value.a} />
      <button
        type="button"
        class="icon-button"
        aria-label="Exchange A and B"
        title="Exchange A and B"
        data-testid="swap"
        onClick={swapSides}
      >
        <Icon name="swap" />
      </button>
      <SidePicker side="b" run={sideRuns.value.b} />
    </div>
  );
}

function SidePicker({ side, run }: { side: Side; run: string }) {
  const name = NAMES[side];
  const missing = missingSides.value.some((missing) => missing.side === side);
  const runs = comparableRuns.value.map((run): [string, string] => [run, run]);
  const steps = stepsOf(side);
  const choice = stepChoice[side].value ?? (defaultStep(side) === "page" ? "page" : sideSteps.value[side]);
  const unlisted = typeof choice === "number" && !steps.includes(choice) ? [choice] : [];
  return (
    <fieldset class="compare-side" data-side={side} data-testid={`side-${side}`}>
      <legend class="visually-hidden">Side {name}</legend>
      <SideMark side={side} />
      <span class="run-dot" style={{ background: runColours.value.get(run) }} />
      <Select
        label={`Run of ${name}`}
        value={run}
        options={missing ? [[run, `${run} (not there)`], ...runs] : runs}
        testId={`run-${side}`}
        onChange={(run) => chooseRun(side, run)}
      />
      <Select
        label={`Step of ${name}`}
        value={String(choice)}
        options={[
          ["page", step.value === null ? "slider" : `step ${step.value} · slider`],
          ...[...unlisted, ...steps].map((step): [string, string] => [String(step), `step ${step}`]),
        ]}
        testId={`step-${side}`}
        fixed
        onChange={(value) => {
          const chosen: StepChoice = value === "page" ? "page" : Number(value);
          const byDefault = defaultStep(side) === "page" ? "page" : steps[0];
          stepChoice[side].value = chosen === byDefault ? null : chosen;
        }}
      />
    </fieldset>
  );
}

/** The letter by which a side is known everywhere. */
export function SideMark({ side }: { side: Side }) {
  return (
    <span class="side-mark" data-side={side}>
      {NAMES[side]}
    </span>
  );
}

/** What a side is, in words: its run where there are two, and its step. */
export function sideTitle(side: Side): string {
  const { a, b } = sideRuns.value ?? {};
  const run = a === b ? "" : `${side === "a" ? a : b}, `;
  return `${NAMES[side]}: ${run}step ${sideSteps.value[side] ?? "?"}`;
}
