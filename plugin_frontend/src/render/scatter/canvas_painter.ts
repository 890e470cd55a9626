/** Draws with a 2-D canvas where there is no WebGL2: few points, one by one, by the same rules. */
import { channelsOf, pixelOf } from "./colours.ts";
import { pointSize } from "./density.ts";
import { pointInPlane } from "./flat.ts";
import type { Painter } from "./painter.ts";
import type { PanelModel } from "./panel.ts";
import { FALLBACK_LIMIT, HIDDEN, HOVERED, NEIGHBOUR, OUTLINED, type Theme } from "./types.ts";

const DIMMED = 0.22;

type Look = { size: number; diamond: number; opacity: number; onTop: boolean };

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
    const { size, opacity } = panel.look(count);
    const dimmed = panel.states.selected > 0 ? DIMMED : 1;
    const look = { size, diamond: diamondSize(panel, size), opacity: opacity * dimmed, onTop: false };
    this.within(this.drawn, panel, (context) => {
      for (let slot = start; slot < stop; slot++) this.point(context, panel, panel.order.rowOf(slot), look, theme);
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
      const [all, these] = [panel.look(Math.min(panel.length, this.limit)), panel.look(few.length)];
      const size = Math.max(all.size, 0.75 * these.size);
      const look = { size, diamond: diamondSize(panel, size), opacity: Math.max(0.6, these.opacity), onTop: true };
      this.within(this.canvas, panel, (target) => {
        for (const row of few) this.point(target, panel, row, look, theme);
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

  private point(context: CanvasRenderingContext2D, panel: PanelModel, row: number, look: Look, theme: Theme): void {
    const state = panel.states.seen[row] as number;
    if (state & HIDDEN) return;
    const { points, frame, view, morph, colours } = panel;
    const [x, y] = panel.toScreen(...(pointInPlane(points, frame, view.camera, morph, row) as [number, number]));
    let { size, opacity } = look;
    if (state & OUTLINED) size = look.diamond;
    if (look.onTop && state & HOVERED) size = Math.max(size + 3, 11);
    else if (look.onTop && state & NEIGHBOUR) size = Math.max(size + 1, 8);
    const outlined = size >= 4.5 && (look.onTop || (state & OUTLINED) !== 0);
    if (outlined && look.onTop) opacity = 1;
    context.globalAlpha = opacity;
    context.fillStyle = this.style(pixelOf(colours, row, theme));
    context.beginPath();
    if (state & OUTLINED) {
      const reach = size * Math.SQRT1_2;
      context.moveTo(x, y - reach);
      for (const [dx, dy] of [
        [reach, 0],
        [0, reach],
        [-reach, 0],
      ] as const)
        context.lineTo(x + dx, y + dy);
      context.closePath();
    } else context.arc(x, y, size / 2, 0, 2 * Math.PI);
    context.fill();
    if (!outlined) return;
    context.strokeStyle = this.style(theme.ink);
    context.lineWidth = look.onTop && state & HOVERED ? 2 : 1;
    context.stroke();
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

function diamondSize({ place, view, states }: PanelModel, size: number): number {
  const side = Math.min(place.width, place.height) * view.camera.zoom;
  return 1.3 * Math.max(size, pointSize(states.outlined, side * side));
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  return canvas.getContext("2d");
}
