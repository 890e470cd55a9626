/**
 * What can draw. A picture is drawn out of sight, in slices, and shown when it is complete; the few points that are selected
 * or pointed at are drawn on top of it each time that it is shown, so that pointing at a point does not draw a million.
 */
import type { PanelModel } from "./panel.ts";
import type { ScatterStats, Theme } from "./types.ts";

export type Painter = {
  readonly renderer: ScatterStats["renderer"];
  /** Of a panel's points, at most so many are drawn. */
  readonly limit: number;
  /** In device pixels. What was drawn is lost. */
  resize(width: number, height: number, pixelRatio: number): void;
  /** Start a picture. */
  begin(): void;
  /** Points `start` to `stop` of a panel in its drawing order, of `count` that the picture will have. */
  draw(panel: PanelModel, start: number, stop: number, count: number, theme: Theme): void;
  /** The picture is complete: it is the one to be shown. */
  finish(): void;
  show(panels: readonly PanelModel[], theme: Theme): void;
  /** Whether all that was asked for has been drawn. */
  ready(): boolean;
  forget(panel: PanelModel): void;
  destroy(): void;
};
