/** What pointers and keys do in the plot: pan, turn, zoom, draw a lasso or a rectangle, point and click. */
import { idAt, idsAt } from "../../data/ids.ts";
import { rowsInLasso } from "../../state/lassoed.ts";
import type { Points } from "../../state/projection_frame.ts";
import { ALL, pinnedRow, shownCategories, tool } from "../../state/projections.ts";
import { extendSelection, isSelected, reduceSelection, select } from "../../state/selection.ts";
import { shownRows } from "./marks.ts";
import type { Plot, Shown } from "./plot.ts";
import { pin } from "./rows.ts";

/** A line that is being drawn, in pixels: [x0, y0, x1, y1, ...]. */
export type Drawing = { shown: Shown; line: number[] };

type Modifiers = { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean };

const CLICK = 4; // pixels that a pointer may move in a click
const SPACING = 3; // pixels between corners of a lasso
const ZOOM_PER_PIXEL = 1.0018;

/** Listens in `surface`, whose upper left corner is that of the plot. Returns what ends it. */
export function listenToGestures(
  surface: HTMLElement,
  plot: Plot,
  tell: { drawing: (drawing: Drawing | null) => void; pointed: (x: number, y: number, over: boolean) => void },
): () => void {
  let drag: { x: number; y: number; moved: boolean; way: "pan" | "turn" | "draw"; drawing: Drawing | null } | null =
    null;
  const controller = new AbortController();
  const on = <Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (event: HTMLElementEventMap[Type]) => void,
    options: AddEventListenerOptions = {},
  ) => surface.addEventListener(type, listener, { signal: controller.signal, ...options });

  const at = (event: MouseEvent): [x: number, y: number] => {
    const { left, top } = surface.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  const stop = () => {
    drag = null;
    tell.drawing(null);
  };

  on("pointerdown", (event) => {
    if (isControl(event.target)) return;
    const [x, y] = at(event);
    const shown = plot.shown[plot.scatter.panelAt(x, y)];
    const solid = shown?.points?.header.dims === 3;
    const draws = tool.value !== "pan" && event.button === 0;
    const way = draws ? "draw" : solid && event.button === 0 ? "turn" : "pan";
    surface.setPointerCapture(event.pointerId);
    drag = { x, y, moved: false, way, drawing: draws && shown?.points ? { shown, line: [x, y] } : null };
  });

  on("pointermove", (event) => {
    const [x, y] = at(event);
    if (!drag) {
      tell.pointed(x, y, true);
      return;
    }
    if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < CLICK) return;
    if (!drag.moved) tell.pointed(x, y, false);
    drag.moved = true;
    if (drag.way === "draw") {
      if (!drag.drawing) return;
      drag.drawing.line =
        tool.value === "rectangle" ? rectangle(drag.x, drag.y, x, y) : extended(drag.drawing.line, x, y);
      tell.drawing(drag.drawing);
      return;
    }
    if (drag.way === "turn") plot.scatter.camera.rotate(x - drag.x, y - drag.y);
    else plot.scatter.camera.pan(x - drag.x, y - drag.y);
    [drag.x, drag.y] = [x, y];
  });

  on("pointerup", (event) => {
    const ended = drag;
    stop();
    if (!ended) return;
    if (!ended.moved) click(plot, ...at(event), event);
    else if (ended.drawing && ended.drawing.line.length >= 6) enclose(ended.drawing, event);
  });
  on("pointercancel", stop);
  on("pointerleave", () => tell.pointed(0, 0, false));
  on("contextmenu", (event) => event.preventDefault()); // the right button pans
  on("dblclick", (event) => {
    if (!isControl(event.target) && !plot.rowAt(...at(event))) plot.scatter.fit();
  });
  on(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : 30 * event.deltaY;
      plot.scatter.camera.zoom(ZOOM_PER_PIXEL ** -pixels, ...at(event));
    },
    { passive: false },
  );
  return () => controller.abort();
}

/** Tools lie above the points. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a") !== null;
}

/** Pins the row that was clicked; with Shift or Ctrl it enters or leaves the selection. */
function click(plot: Plot, x: number, y: number, { shiftKey, ctrlKey, metaKey, button }: PointerEvent): void {
  if (button !== 0) return;
  const found = plot.rowAt(x, y);
  const points = found?.shown.points;
  if (!found || !points) {
    if (!shiftKey && !ctrlKey && !metaKey) pinnedRow.value = null;
    return;
  }
  const id = idAt(points.ids, found.row);
  if (shiftKey) extendSelection([id]);
  else if (ctrlKey || metaKey) (isSelected(id) ? reduceSelection : extendSelection)([id]);
  else if (pinnedRow.value?.id === id && pinnedRow.value.run === points.series.run) pinnedRow.value = null;
  else pin(points, found.row);
}

function enclose({ shown, line }: Drawing, modifiers: Modifiers): void {
  const { points, panel } = shown;
  if (points) selectInside(points, panel, line, modifiers);
}

/** Selects what a line on the screen encloses. */
function selectInside(points: Points, panel: Shown["panel"], line: readonly number[], modifiers: Modifiers): void {
  const corners: number[] = [];
  for (let i = 0; i < line.length; i += 2) corners.push(...panel.toPlane(line[i] as number, line[i + 1] as number));
  const { series, step, header } = points;
  const { scale, offset } = header.positions;
  const flat = header.dims === 2;
  const stored = corners.map((value) => Math.round((value - offset) / scale));
  const rows = flat ? rowsInLasso(points, stored, shownRows(points)) : panel.inPolygon(corners);
  const ids = idsAt(points.ids, rows);
  if (modifiers.shiftKey) extendSelection(ids);
  else if (modifiers.ctrlKey || modifiers.metaKey) reduceSelection(ids);
  else {
    // A link needs no more than the polygon where it alone says which rows these are.
    const enough = flat && shownCategories.value === ALL;
    select(ids, enough ? { run: series.run, tag: series.tag, step, corners: stored } : null);
  }
}

function extended(line: number[], x: number, y: number): number[] {
  const [lastX, lastY] = line.slice(-2) as [number, number];
  return Math.hypot(x - lastX, y - lastY) < SPACING ? line : [...line, x, y];
}

function rectangle(x0: number, y0: number, x1: number, y1: number): number[] {
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

const PAN = 40; // pixels a key
const NEARER = 1.3;

/** The keys of the plot while it has the focus. Whether it had a use for it. */
export function pressKey(plot: Plot, key: string): boolean {
  const { camera } = plot.scatter;
  const moves: Record<string, () => void> = {
    ArrowLeft: () => camera.pan(PAN, 0),
    ArrowRight: () => camera.pan(-PAN, 0),
    ArrowUp: () => camera.pan(0, PAN),
    ArrowDown: () => camera.pan(0, -PAN),
  };
  const move = moves[key];
  move?.();
  return move !== undefined;
}

/** Those that work wherever the focus is. */
export function plotKeys(plot: Plot): Record<string, () => void> {
  return {
    "+": () => plot.scatter.camera.zoom(NEARER),
    "=": () => plot.scatter.camera.zoom(NEARER),
    "-": () => plot.scatter.camera.zoom(1 / NEARER),
    "0": () => plot.scatter.fit(),
    l: () => {
      tool.value = "lasso";
    },
    r: () => {
      tool.value = "rectangle";
    },
    p: () => {
      tool.value = "pan";
    },
  };
}
