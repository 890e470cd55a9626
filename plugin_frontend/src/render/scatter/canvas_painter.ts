/** Draws with a 2-D canvas where there is no WebGL2: few points, one by one, by the same rules. */
import { channelsOf, pixelsOf } from "./colours.ts";
import { pointInPlane } from "./flat.ts";
import type { Painter } from "./painter.ts";
import type { Look, PanelModel } from "./panel.ts";
import { FALLBACK_LIMIT, HIDDEN, HOVERED, NEIGHBOUR, OUTLINED, type Theme } from "./types.ts";

const LEAST_OUTLINED = 5;

export class CanvasPainter implements Painter {
  readonly renderer = "canvas";
  readonly limit = FALLBACK_LIMIT;
  private shown = document.createElement("canvas");
  private drawn = document.createElement("canvas");
  private pixelRatio = 1;
  private readonly styles = new Map<number, string>();

  constructor(private readonly canvas: HTMLCanvasElement) {}

  resize(width: number, height: number, pixelRatio: number): void {
    this.pixelRatio = pixelRatio;
    for (const canvas of [this.shown, this.drawn]) {
      canvas.width = width;
      canvas.height = height;
    }
  }

  begin(): void {
    contextOf(this.drawn)?.clearRect(0, 0, this.drawn.width, this.drawn.height);
  }

  draw(panel: PanelModel, start: number, stop: number, count: number, theme: Theme): void {
    const look = panel.look(count);
    this.within(this.drawn, panel, (context) => {
      for (let slot = start; slot < stop; slot++)
        this.point(context, panel, panel.order.rowOf(slot), look, theme, false);
    });
  }

  finish(): void {
    [this.shown, this.drawn] = [this.drawn, this.shown];
  }

  show(panels: readonly PanelModel[], theme: Theme): void {
    const context = contextOf(this.canvas);
    if (!context || this.shown.width === 0) return;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.shown, 0, 0);
    for (const panel of panels) {
      const rows = panel.states.onTop(panel.order);
      if (rows.length === 0) continue;
      // Selected rows come first and in a fair order, those pointed at last: a sample takes from both ends.
      const few =
        rows.length <= this.limit ? rows : [...rows.subarray(0, this.limit), ...rows.subarray(-this.limit / 20)];
      const look = panel.lookOnTop(few.length);
      this.within(this.canvas, panel, (target) => {
        for (const row of few) this.point(target, panel, row, look, theme, true);
      });
    }
  }

  ready(): boolean {
    return true;
  }

  forget(): void {}

  destroy(): void {}

  /** Draw in CSS pixels, nothing outside the panel. */
  private within(canvas: HTMLCanvasElement, { place }: PanelModel, draw: (context: CanvasRenderingContext2D) => void) {
    const context = contextOf(canvas);
    if (!context) return;
    context.save();
    context.scale(this.pixelRatio, this.pixelRatio);
    context.beginPath();
    context.rect(place.x, place.y, place.width, place.height);
    context.clip();
    draw(context);
    context.restore();
  }

  private point(
    context: CanvasRenderingContext2D,
    panel: PanelModel,
    row: number,
    look: Look,
    theme: Theme,
    onTop: boolean,
  ): void {
    const state = panel.states.seen[row] as number;
    if (state & HIDDEN) return;
    const { points, frame, view, morph, colours } = panel;
    const [x, y] = panel.toScreen(...(pointInPlane(points, frame, view.camera, morph, row) as [number, number]));
    const diamond = (state & OUTLINED) !== 0;
    const pointedAt = onTop && (state & (HOVERED | NEIGHBOUR)) !== 0;
    let size = diamond ? Math.max(look.size, look.diamond) : look.size;
    if (pointedAt) size = Math.max(size, state & HOVERED ? 8 : 6);
    const outlined = pointedAt || ((onTop || diamond) && size >= LEAST_OUTLINED);
    context.globalAlpha = outlined && onTop ? 1 : diamond ? Math.min(1, 1.6 * look.opacity) : look.opacity;
    if (outlined) {
      context.fillStyle = this.style(theme.ink);
      shape(context, x, y, size / 2 + (onTop && state & HOVERED ? 2 : 1), diamond);
    }
    context.fillStyle = this.style(pixelsOf(colours, theme)(row));
    shape(context, x, y, size / 2, diamond);
  }

  private style(pixel: number): string {
    let style = this.styles.get(pixel);
    if (!style) {
      style = `rgb(${channelsOf(pixel)
        .map((channel) => Math.round(255 * channel))
        .join(" ")})`;
      this.styles.set(pixel, style);
    }
    return style;
  }
}

function shape(context: CanvasRenderingContext2D, x: number, y: number, radius: number, diamond: boolean): void {
  context.beginPath();
  if (diamond) {
    const reach = radius * Math.SQRT2;
    context.moveTo(x, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x, y + reach);
    context.lineTo(x - reach, y);
  } else context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  return canvas.getContext("2d");
}
