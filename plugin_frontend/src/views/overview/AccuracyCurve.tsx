/** The share of right predictions over the steps, each of which it leads to. */
import { moveTo, step, steps } from "../../state/timeline.ts";
import { LineChart } from "../../widgets/LineChart.tsx";
import type { curveOf } from "./facts.ts";
import { share } from "./words.ts";

type Props = { curve: ReturnType<typeof curveOf>; label: string; height: number; testId?: string };

export function AccuracyCurve({ curve, label, height, testId }: Props) {
  if (!curve || curve.steps.length <= 1) return null;
  return (
    <LineChart
      label={label}
      steps={curve.steps}
      lines={[{ name: "right", values: curve.shares, colour: "var(--right)" }]}
      step={step.value}
      range={{ low: 0, high: 1 }}
      format={share}
      height={height}
      compact
      onStep={showStep}
      testId={testId}
    />
  );
}

/** The slider knows the steps of all series. */
export function showStep(at: number): void {
  moveTo(steps.peek().indexOf(at));
}
