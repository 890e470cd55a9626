/** The plot: puts the points of up to four runs side by side into one canvas, and moves them from step to step. */
import { dark } from "../../host/theme.ts";
import { packColour } from "../../render/heatmap/lut.ts";
import { createScatter } from "../../render/scatter/scatter.ts";
import {
  type Colours,
  HOVERED,
  type Panel,
  type Rectangle,
  type Scatter,
  type Theme,
} from "../../render/scatter/types.ts";
import { coloured, colouring, MISSING, PLAIN, paletteOf, scaleLut } from "../../state/projection_colours.ts";
import { joined, type Loaded, type Points, type ProjectionFrame } from "../../state/projection_frame.ts";
import { playing, speed } from "../../state/timeline.ts";
import { markRows } from "./marks.ts";

/** What is shown of one run. */
export type Shown = { loaded: Loaded; points: Points | null; panel: Panel; state: Uint8Array };

const MORPH = 400; // ms
const NO_POSITIONS = { stored: new Uint16Array(0), scale: 1, offset: 0 };
const HEAD = 26; // pixels above a panel for its name

export class Plot {
  readonly scatter: Scatter;
  shown: Shown[] = [];
  #size = { width: 1, height: 1 };
  #hovered: { shown: Shown; row: number } | null = null;
  #morph = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.scatter = createScatter(canvas, { theme: themeNow() });
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.#size = { width, height };
    this.scatter.resize(width, height, pixelRatio);
    this.scatter.arrange(placesFor(this.shown.length, width, height));
  }

  /** Shows a frame; points that were on screen move to where they are now, unless all is to keep `still`. */
  show(frame: ProjectionFrame, still: boolean): void {
    const before = new Map(this.shown.flatMap(({ points }) => (points ? [[nameOf(points), points] as const] : [])));
    const { width, height } = this.#size;
    this.scatter.arrange(placesFor(frame.runs.length, width, height));
    this.#hovered = null;
    this.shown = frame.runs.map((loaded, i) => {
      const { points } = loaded;
      const panel = this.scatter.panels[i] as Panel;
      const was = points && before.get(nameOf(points));
      const from = points && was && was.positions !== points.positions && !still ? joined(was, points) : null;
      const to = points ? storedPositions(points) : NO_POSITIONS;
      panel.setPoints({ dims: points?.header.dims ?? 2, to, from: from ?? undefined, frame: points?.frame });
      if (from) panel.setMorph(0);
      return { loaded, points, panel, state: new Uint8Array(points?.header.rows ?? 0) };
    });
    this.#startMorph();
  }

  /** Colours all points by what is chosen; tracks it. */
  recolour(): void {
    for (const { points, panel } of this.shown) {
      const colours = points && coloursOf(points);
      if (colours) panel.setColours(colours);
    }
  }

  /** Marks all rows by what is chosen; tracks it. */
  remark(): void {
    for (const { points, panel, state } of this.shown) {
      if (!points) continue;
      markRows(points, state);
      panel.setState(state);
    }
    this.#hovered = null;
  }

  retheme(): void {
    this.scatter.setTheme(themeNow());
  }

  /** The row under a point on the screen. */
  rowAt(x: number, y: number): { shown: Shown; row: number } | null {
    const shown = this.shown[this.scatter.panelAt(x, y)];
    const row = shown?.panel.pick(x, y) ?? -1;
    return shown && row >= 0 ? { shown, row } : null;
  }

  hover(found: { shown: Shown; row: number } | null): void {
    const was = this.#hovered;
    if (was?.shown === found?.shown && was?.row === found?.row) return;
    if (was) setBit(was.shown, was.row, false);
    if (found) setBit(found.shown, found.row, true);
    this.#hovered = found;
  }

  destroy(): void {
    cancelAnimationFrame(this.#morph);
    this.scatter.destroy();
  }

  #startMorph(): void {
    cancelAnimationFrame(this.#morph);
    // While playing, the points have to have arrived before the next step.
    const duration = playing.peek() ? Math.min(MORPH, 700 / speed.peek()) : MORPH;
    let start: number | undefined;
    const draw = (now: number) => {
      start ??= now;
      const t = Math.min(1, (now - start) / duration);
      for (const { panel } of this.shown) panel.setMorph(t * t * (3 - 2 * t));
      if (t < 1) this.#morph = requestAnimationFrame(draw);
    };
    this.#morph = requestAnimationFrame(draw);
  }
}

export function storedPositions({ positions, header }: Points) {
  return { stored: positions, scale: header.positions.scale, offset: header.positions.offset };
}

function setBit({ state, panel }: Shown, row: number, on: boolean): void {
  state[row] = on ? (state[row] as number) | HOVERED : (state[row] as number) & ~HOVERED;
  panel.updateState(row, row + 1);
}

/** `null`: on its way, so that the last colours stay. */
function coloursOf(points: Points): Colours | null {
  const by = colouring.value;
  const found = coloured(points, by);
  if (found === undefined) return null;
  if (found === null)
    return {
      codes: new Uint8Array(points.header.rows),
      palette: Uint32Array.of(packColour(by === "none" ? PLAIN : MISSING)),
    };
  if (found.kind === "categories") return { codes: found.codes, palette: paletteOf(by, found.count) };
  const { scale, offset } = found.column;
  const stored = (value: number) => (scale && found.stored instanceof Uint16Array ? (value - offset) / scale : value);
  return { values: found.stored, low: stored(found.low), high: stored(found.high), lut: scaleLut.value };
}

function nameOf({ series: { run, tag } }: Points): string {
  return `${run}\n${tag}`;
}

function themeNow(): Theme {
  return { ink: packColour(dark.value ? "#ffffff" : "#1a1a1a"), missing: packColour(MISSING) };
}

/** As many columns as leave the panels largest; below the names of the runs when there are several. */
export function placesFor(count: number, width: number, height: number): Rectangle[] {
  const side = (columns: number) => Math.min(width / columns, height / Math.ceil(count / columns));
  let columns = 1;
  for (let more = 2; more <= count; more++) if (side(more) > side(columns)) columns = more;
  const [w, h] = [width / columns, height / Math.ceil(count / columns)];
  const head = count > 1 ? HEAD : 0;
  return Array.from({ length: count }, (_, i) => ({
    x: (i % columns) * w,
    y: Math.floor(i / columns) * h + head,
    width: w,
    height: Math.max(1, h - head),
  }));
}
