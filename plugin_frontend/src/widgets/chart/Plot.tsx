/** What is drawn of a chart of lines over steps. */
import type { ChartLayout } from "../../render/chart/layout.ts";
import type { Line, Mark } from "../LineChart.tsx";

type Props = {
  layout: ChartLayout;
  steps: readonly number[];
  lines: readonly Line[];
  marks: readonly Mark[];
  width: number;
  height: number;
  /** The index of the page's step, and of the one that is read; -1: none. */
  current: number;
  at: number;
  pointing: boolean;
};

export function Plot({ layout, steps, lines, marks, width, height, current, at, pointing }: Props) {
  const { left, right, top, bottom, x, y } = layout;
  const known = new Set(steps);
  return (
    <>
      <svg width={width} height={height} aria-hidden="true">
        {layout.valueTicks.map((tick) => (
          <g key={tick.text}>
            <line class="grid" x1={left} x2={right} y1={tick.at} y2={tick.at} />
            <text x={left - 6} y={tick.at} dy="0.35em" text-anchor="end">
              {tick.text}
            </text>
          </g>
        ))}
        {layout.stepTicks.map((tick) => (
          <text key={tick.text} x={tick.at} y={height - 4} text-anchor="middle">
            {tick.text}
          </text>
        ))}
        {current >= 0 && <Rule kind="current" at={x(steps[current] as number)} {...{ top, bottom }} />}
        {pointing && at >= 0 && <Rule kind="pointed" at={x(steps[at] as number)} {...{ top, bottom }} />}
        {lines.map(({ name, values, colour, look }, i) => {
          const drawn = layout.lines[i];
          const value = values[at];
          return (
            <g key={name} class="line" data-line={name} data-look={look} style={{ "--line": colour }}>
              <path d={drawn?.path} />
              {drawn?.dots.map((dot) => (
                <circle key={dot.x} cx={dot.x} cy={dot.y} r={2.5} />
              ))}
              {value !== undefined && look !== "faint" && (
                <circle class="read" cx={x(steps[at] as number)} cy={y(value)} r={3.5} />
              )}
            </g>
          );
        })}
        {marks
          .filter(({ step }) => known.has(step))
          .map(({ step, name }) => (
            <path key={step} class="mark" data-step={step} data-mark={name} d={cross(x(step), layout.marks)} />
          ))}
      </svg>
      {lines.map(({ name, colour, look }, i) => {
        const place = layout.lines[i]?.label;
        return place === undefined ? null : (
          <span
            key={name}
            class="line-name"
            data-look={look}
            title={name}
            aria-hidden="true"
            style={{ "--line": colour, left: `${right + 8}px`, top: `${place}px`, width: `${layout.names}px` }}
          >
            {name}
          </span>
        );
      })}
    </>
  );
}

function Rule({ kind, at, top, bottom }: { kind: string; at: number; top: number; bottom: number }) {
  return <line class={kind} x1={at} x2={at} y1={top - 4} y2={bottom} />;
}

const ARM = 3;

function cross(x: number, y: number): string {
  return `M${x - ARM} ${y - ARM}l${2 * ARM} ${2 * ARM}m0 ${-2 * ARM}l${-2 * ARM} ${2 * ARM}`;
}
