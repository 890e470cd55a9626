/** Says of which step something is, where that is not the chosen one. */
import { step } from "../state/timeline.ts";

export function StepBadge({ at }: { at: number }) {
  if (step.value === null || at === step.value) return null;
  return (
    <span class="badge" title="Not logged at the chosen step: this is the nearest one">
      step {at}
    </span>
  );
}
