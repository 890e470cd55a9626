/** What was reached step by step, as a curve. */
import { compact } from "../explanations/format.ts";

const WIDTH = 200;
const HEIGHT = 64;

export function Trace({ values, label }: { values: readonly number[]; label: string }) {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), 0);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const x = (at: number) => (WIDTH * at) / Math.max(1, values.length - 1);
  const y = (value: number) => HEIGHT - 2 - ((HEIGHT - 4) * (value - low)) / (high - low || 1);
  const points = values.flatMap((value, at) => (Number.isFinite(value) ? [`${x(at)},${y(value)}`] : []));
  return (
    <div class="ascent" data-testid="trace">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <line class="grid" x1={0} x2={WIDTH} y1={y(0)} y2={y(0)} />
        <polyline points={points.join(" ")} />
      </svg>
      <p class="ascent-ends">
        <span>{compact(values[0] as number)}</span>
        <span>{values.length - 1} steps</span>
        <strong>{compact(values.at(-1) as number)}</strong>
      </p>
    </div>
  );
}
