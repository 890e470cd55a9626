/** A thin line of the steps at which something was logged, all on one scale. */
import { step } from "../../state/timeline.ts";

type Props = { steps: readonly number[]; low: number; high: number };

const WIDTH = 1000;
/** More marks than pixels say no more than a bar. */
const MOST = 240;
/** So many run together on a narrow line: they are drawn quietly. */
const DENSE = 40;

export function Ticks({ steps, low, high }: Props) {
  const x = (at: number) => Math.round(high > low ? (WIDTH * (at - low)) / (high - low) : WIDTH);
  const stride = Math.ceil(steps.length / MOST);
  const path = steps.filter((_, i) => i % stride === 0 || i === steps.length - 1).map((at) => `M${x(at)} 0V10`);
  const now = step.value;
  return (
    <svg
      class="ticks"
      data-dense={steps.length > DENSE || undefined}
      viewBox={`0 0 ${WIDTH} 10`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path.join("")} />
      {now !== null && now >= low && now <= high && <path class="ticks-now" d={`M${x(now)} 0V10`} />}
    </svg>
  );
}
