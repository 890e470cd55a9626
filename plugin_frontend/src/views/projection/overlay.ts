/** What lies above the points: names, the line that is being drawn, the lasso that selected, and where selected rows came from. */
import type { Points } from "../../state/projection_frame.ts";
import type { Lasso } from "../../state/selection.ts";
import type { Drawing } from "./gestures.ts";
import { type PlacedName, paintNames } from "./names.ts";
import type { Plot, Shown } from "./plot.ts";

/** Rows of one run and their points at earlier steps, first ones first; -1: the row was not there. */
export type Trail = { run: string; places: { points: Points; rows: Int32Array }[] };

type Layers = {
  drawing: Drawing | null;
  lasso: Lasso | null;
  trails: readonly Trail[];
  /** Of each panel. */
  names: readonly (readonly PlacedName[])[];
  ink: string;
  surface: string;
  accent: string;
};

export function paintOverlay(canvas: HTMLCanvasElement, plot: Plot, layers: Layers): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = canvas.width / Math.max(1, canvas.clientWidth);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  for (const [i, shown] of plot.shown.entries()) {
    const { x, y, width, height } = shown.panel.place;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    paintTrails(context, shown, layers);
    if (layers.lasso) paintLasso(context, shown, layers.lasso, layers.accent);
    paintNames(context, layers.names[i] ?? [], shown.panel, layers);
    context.restore();
  }
  if (layers.drawing) {
    outline(context, layers.drawing.line);
    context.globalAlpha = 0.12;
    context.fillStyle = layers.accent;
    context.fill("evenodd");
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.strokeStyle = layers.accent;
    context.stroke();
  }
}

/** Older parts are paler. */
function paintTrails(context: CanvasRenderingContext2D, { loaded, panel }: Shown, { trails, ink }: Layers): void {
  const trail = trails.find(({ run }) => run === loaded.series.run);
  if (!trail) return;
  context.strokeStyle = ink;
  context.lineWidth = 1.25;
  context.lineCap = "round";
  const last = trail.places.length - 1;
  const at = ({ points, rows }: Trail["places"][number], i: number) => {
    const row = rows[i] as number;
    if (row < 0) return null;
    const { scale, offset } = points.header.positions;
    const value = (axis: number) => offset + scale * (points.positions[2 * row + axis] as number);
    return panel.toScreen(value(0), value(1));
  };
  for (let step = 1; step <= last; step++) {
    context.globalAlpha = 0.15 + (0.6 * step) / last;
    context.beginPath();
    for (let i = 0; i < (trail.places[step]?.rows.length ?? 0); i++) {
      const from = at(trail.places[step - 1] as Trail["places"][number], i);
      const to = at(trail.places[step] as Trail["places"][number], i);
      if (!from || !to) continue;
      context.moveTo(...from);
      context.lineTo(...to);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** In the step in which it was drawn: in others it would enclose other rows. */
function paintLasso(context: CanvasRenderingContext2D, { points, panel }: Shown, lasso: Lasso, accent: string): void {
  const { run, tag, step, corners } = lasso;
  if (points?.series.run !== run || points.series.tag !== tag || points.step !== step) return;
  const { scale, offset } = points.header.positions;
  const line: number[] = [];
  for (let i = 0; i < corners.length; i += 2)
    line.push(...panel.toScreen(offset + scale * (corners[i] as number), offset + scale * (corners[i + 1] as number)));
  outline(context, line);
  context.setLineDash([4, 4]);
  context.lineWidth = 1;
  context.strokeStyle = accent;
  context.stroke();
  context.setLineDash([]);
}

function outline(context: CanvasRenderingContext2D, line: readonly number[]): void {
  context.beginPath();
  for (let i = 0; i < line.length; i += 2) context.lineTo(line[i] as number, line[i + 1] as number);
  context.closePath();
}
