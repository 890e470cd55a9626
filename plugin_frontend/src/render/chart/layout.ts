/** Where the parts of a chart of lines over steps lie, in CSS pixels. */
import { loneOf, nearestTo, type Point, pathOf, runsOf, spread } from "./lines.ts";
import { type Extent, extentOf, ticks, tickTexts } from "./scale.ts";

type Size = { width: number; height: number };
type Tick = { at: number; text: string };

/** `path` and `dots` draw a line; `label`: the middle of its name, where the names lie beside the ends. */
type LineLayout = { path: string; dots: Point[]; label: number | undefined };

export type ChartLayout = {
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** The middle of the row of marks. */
  marks: number;
  /** The width for names right of the plot; 0: there are none. */
  names: number;
  x: (step: number) => number;
  y: (value: number) => number;
  /** Where the pointer is, as a number among the steps. */
  stepAt: (x: number) => number;
  valueTicks: Tick[];
  stepTicks: Tick[];
  lines: LineLayout[];
};

type Looks = {
  /** Of the values and of the steps; `undefined`: as they are. */
  range: Extent | undefined;
  span: Extent | undefined;
  compact: boolean;
  named: boolean;
  marked: boolean;
};

const LINE_HEIGHT = 15;
const CHARACTER = 6.6;
/** Before a name, and some room. */
const SWATCH = 28;
const MARK_ROOM = 12;
/** Between ticks at least. */
const TICK_ROOM = { x: 72, y: 32 };

/**
 * `null`: there is nothing to draw. `compact`: without axes. `named`: with names at the ends of lines, if there is room.
 * `marked`: with room for marks below the lines.
 */
export function layoutOf(
  steps: readonly number[],
  lines: readonly { name: string; values: readonly (number | undefined)[] }[],
  { width, height }: Size,
  { range, span, compact, named, marked }: Looks,
): ChartLayout | null {
  const extent = range ?? extentOf(lines.flatMap(({ values }) => values));
  const [first, last] = [span?.low ?? steps[0], span?.high ?? steps.at(-1)];
  if (!extent || steps.length === 0 || first === undefined || last === undefined) return null;

  const values = compact ? [] : ticks(extent, atMost(height / TICK_ROOM.y, 5));
  const texts = tickTexts(values);
  const names =
    named && lines.length > 0 && width > 280
      ? Math.round(Math.min(144, width / 4, SWATCH + CHARACTER * Math.max(...lines.map(({ name }) => name.length))))
      : 0;
  const left = compact ? 4 : 12 + CHARACTER * Math.max(...texts.map(({ length }) => length));
  const right = Math.max(left + 1, width - (compact ? 4 : names ? names + 10 : 14));
  const top = compact ? 4 : 8;
  const bottom = height - (compact ? 4 : 20) - (marked ? MARK_ROOM : 0);

  const x = (step: number) =>
    last > first ? left + ((right - left) * (step - first)) / (last - first) : (left + right) / 2;
  const y = (value: number) =>
    bottom - (bottom - top) * Math.min(1, Math.max(0, (value - extent.low) / (extent.high - extent.low || 1)));

  const drawn = lines.map((line) => {
    const runs = runsOf(line.values, (at, value) => ({ x: x(steps[at] as number), y: y(value) }));
    return { path: pathOf(runs), dots: loneOf(runs), end: runs.at(-1)?.at(-1)?.y };
  });
  const ends = drawn.flatMap(({ end }) => end ?? []);
  const places = names ? spread(ends, LINE_HEIGHT, top, bottom) : null;
  let next = 0;
  const most = atMost((right - left) / TICK_ROOM.x, 8);
  // Few steps are named themselves.
  const stepTicks = compact ? [] : areApart(steps, x) ? [...steps] : ticks({ low: first, high: last }, most, 1);
  const stepTexts = tickTexts(stepTicks);
  return {
    left,
    right,
    top,
    bottom,
    marks: bottom + MARK_ROOM / 2 + 1,
    names: places ? names : 0,
    x,
    y,
    stepAt: (position) => first + ((position - left) / (right - left)) * (last - first),
    valueTicks: values.map((value, i) => ({ at: y(value), text: texts[i] as string })),
    stepTicks: stepTicks.map((step, i) => ({ at: x(step), text: stepTexts[i] as string })),
    lines: drawn.map(({ path, dots, end }) => ({
      path,
      dots,
      label: end === undefined ? undefined : places?.[next++],
    })),
  };
}

/** The index of the step that is current: `step` or the nearest before it, else the first; -1 for none. */
export function currentOf(steps: readonly number[], step: number | null): number {
  if (step === null || steps.length === 0) return -1;
  const near = nearestTo(steps, step);
  return (steps[near] as number) > step ? Math.max(0, near - 1) : near;
}

function areApart(steps: readonly number[], x: (step: number) => number): boolean {
  return steps.every((step, i) => i === 0 || x(step) - x(steps[i - 1] as number) >= TICK_ROOM.x);
}

function atMost(count: number, most: number): number {
  return Math.max(2, Math.min(most, Math.floor(count)));
}
