/** Lines over steps: read by pointing; a click or the arrow keys move the step. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { currentOf, layoutOf } from "../render/chart/layout.ts";
import { nearestTo } from "../render/chart/lines.ts";
import type { Extent } from "../render/chart/scale.ts";
import { adoptStyles } from "../styles/adopt.ts";
import sheet from "../styles/line_chart.css?inline";
import { Plot } from "./chart/Plot.tsx";
import { Reading, textAt } from "./chart/Reading.tsx";
import { ValueTable } from "./chart/ValueTable.tsx";

adoptStyles(sheet);

export type Line = {
  /** Unique among the lines. */
  name: string;
  /** One a step; `undefined`: not known. */
  values: readonly (number | undefined)[];
  /** Of CSS. */
  colour: string;
  look?: "strong" | "faint" | "dashed";
};

export type Mark = { step: number; name: string };

export type LineChartProps = {
  /** What the chart shows, for those who do not see it. */
  label: string;
  /** Ascending. */
  steps: readonly number[];
  lines: readonly Line[];
  /** The step that the page shows: it, or the nearest before it, is marked. */
  step: number | null;
  /** Of the values; `undefined`: as they are. */
  range?: Extent | undefined;
  /** Of the steps; `undefined`: from the first to the last. */
  span?: Extent | undefined;
  /** A value in words. */
  format: (value: number) => string;
  /** In CSS pixels. */
  height: number;
  /** Without axes and names: a line among text. */
  compact?: boolean;
  /** Whether names stand at the ends of the lines: otherwise what surrounds the chart says them. */
  named?: boolean;
  /** Steps of which something is to be said, such as "wrong". */
  marks?: readonly Mark[];
  onStep?: ((step: number) => void) | undefined;
  testId?: string;
};

export function LineChart(props: LineChartProps) {
  const { label, steps, lines, step, range, format, height, compact = false, named = !compact, marks = [] } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const pointed = useSignal<number | null>(null);
  const layout = layoutOf(
    steps,
    lines,
    { width, height },
    { range, span: props.span, compact, named, marked: marks.length > 0 },
  );
  const current = currentOf(steps, step);
  const read = pointed.value ?? current;
  const at = read < steps.length ? read : -1;
  const { onStep } = props;

  const nearest = (event: MouseEvent) =>
    layout ? nearestTo(steps, layout.stepAt(event.clientX - (box.current?.getBoundingClientRect().left ?? 0))) : -1;
  const moveByKey = (event: KeyboardEvent) => {
    const last = steps.length - 1;
    const to = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: last }[event.key];
    if (to === undefined || !onStep) return;
    event.preventDefault();
    event.stopPropagation(); // the page would move too
    onStep(steps[Math.min(last, Math.max(0, to))] as number);
  };
  const slider = onStep &&
    layout && {
      role: "slider" as const,
      tabIndex: 0,
      "aria-valuemin": steps[0],
      "aria-valuemax": steps.at(-1),
      "aria-valuenow": steps[Math.max(0, current)],
      "aria-valuetext": textAt({ steps, lines, marks, format }, Math.max(0, current)),
      onClick: (event: MouseEvent) => onStep(steps[nearest(event)] as number),
      onKeyDown: moveByKey,
    };

  return (
    <div
      ref={box}
      class="line-chart"
      data-compact={compact || undefined}
      data-testid={props.testId}
      style={{ "--height": `${height}px` }}
    >
      <div
        class="line-chart-plot"
        role="img"
        {...slider}
        aria-label={label}
        onPointerMove={(event) => {
          pointed.value = nearest(event);
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
      >
        {layout ? (
          <Plot {...{ layout, steps, lines, marks, width, height, current, at }} pointing={pointed.value !== null} />
        ) : (
          <span class="hint">Nothing was logged.</span>
        )}
        {layout && pointed.value !== null && at >= 0 && (
          <Reading {...{ steps, lines, marks, format, at, width }} left={layout.x(steps[at] as number)} />
        )}
      </div>
      {named && lines.length > 0 && layout?.names === 0 && (
        <p class="line-legend" aria-hidden="true">
          {lines.map(({ name, colour, look }) => (
            <span key={name} class="line-name" data-look={look} style={{ "--line": colour }}>
              {name}
            </span>
          ))}
        </p>
      )}
      {!compact && layout && <ValueTable {...{ label, steps, lines, format }} />}
    </div>
  );
}

/** Of the box on screen; a guess until it is. */
function useWidth(box: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(320);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth || 320);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return width;
}
