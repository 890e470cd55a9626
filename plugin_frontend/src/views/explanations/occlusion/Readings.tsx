/** Scores side by side as bars, and differences of them in numbers. */
import type { ComponentChildren } from "preact";
import { barLength, scoreText } from "./words.ts";

type Reading = { name: string; score: number; testId: string };

type Props = { score: string; readings: Reading[]; low: number; high: number; children: ComponentChildren };

export function Readings({ score, readings, low, high, children }: Props) {
  return (
    <dl class="readings" aria-live="polite">
      {readings.map(({ name, score: value, testId }) => (
        <div key={name} class="reading" data-testid={testId}>
          <dt>{name}</dt>
          <dd>{scoreText(score, value)}</dd>
          <span class="reading-bar" aria-hidden="true">
            <span style={{ width: `${100 * Math.min(1, Math.max(0, barLength(score, value, low, high)))}%` }} />
          </span>
        </div>
      ))}
      {children}
    </dl>
  );
}

export function Fact({ name, testId, children }: { name: string; testId?: string; children: ComponentChildren }) {
  return (
    <div class="fact" data-testid={testId}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
