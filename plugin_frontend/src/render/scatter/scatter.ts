/** A scatter plot of up to millions of points in one canvas: panels, camera, and whatever painter the browser allows. */
import { BEFORE_COPY } from "../snapshot/copying.ts";
import { fitted, inUnits, SharedCamera } from "./camera.ts";
import { CanvasPainter } from "./canvas_painter.ts";
import { Frames } from "./frames.ts";
import type { Painter } from "./painter.ts";
import { contains, PanelModel } from "./panel.ts";
import type { Bounds, Panel, Rectangle, Scatter, ScatterOptions, ScatterStats, Theme } from "./types.ts";
import { WebglPainter } from "./webgl/painter.ts";

const CONTEXT: WebGLContextAttributes = { alpha: true, antialias: false, depth: false, stencil: false };

export function createScatter(canvas: HTMLCanvasElement, { theme, everything = false }: ScatterOptions): Scatter {
  const gl = canvas.getContext("webgl2", CONTEXT);
  let painter: Painter | null = gl ? new WebglPainter(gl) : new CanvasPainter(canvas);
  const renderer = painter.renderer;
  let panels: PanelModel[] = [];
  let size = { width: 0, height: 0, pixelRatio: 1 };
  const listeners = new Set<(stats: ScatterStats) => void>();

  const panelAt = (x: number, y: number) => panels.findIndex(({ place }) => contains(place, x, y));
  const camera = new SharedCamera((x, y) =>
    x === undefined || y === undefined ? panels[0]?.place : (panels[panelAt(x, y)] ?? panels[0])?.place,
  );
  const frames = new Frames(
    () => painter,
    () => panels,
    () => theme,
    everything,
    () => {
      for (const listener of listeners) listener(scatter.stats);
    },
  );
  const change = frames.request.bind(frames);
  camera.subscribe(() => change("motion"));

  const lost = (event: Event) => {
    event.preventDefault(); // or it is never restored
    painter = null;
    frames.stop();
  };
  const restored = () => {
    if (!gl) return;
    painter = new WebglPainter(gl);
    painter.resize(canvas.width, canvas.height, size.pixelRatio);
    change("picture");
  };
  const again = () => painter?.show(panels, theme); // what a canvas holds is gone once it was shown
  canvas.addEventListener(BEFORE_COPY, again);
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", restored);

  const scatter: Scatter = {
    camera,
    get panels() {
      return panels;
    },
    get stats() {
      const total = panels.reduce((sum, panel) => sum + panel.length, 0);
      return { renderer, drawn: frames.drawn.drawn, total, settled: frames.settled };
    },
    arrange(places: readonly Rectangle[]) {
      for (const panel of panels.slice(places.length)) painter?.forget(panel);
      panels = places.map((place, i) => {
        const panel = panels[i] ?? new PanelModel(camera, change);
        panel.place = place;
        return panel;
      });
      change("picture");
    },
    resize(width, height, pixelRatio) {
      if (size.width === width && size.height === height && size.pixelRatio === pixelRatio) return;
      size = { width, height, pixelRatio };
      canvas.width = Math.max(1, Math.round(width * pixelRatio));
      canvas.height = Math.max(1, Math.round(height * pixelRatio));
      painter?.resize(canvas.width, canvas.height, pixelRatio);
      frames.now();
    },
    setTheme(given: Theme) {
      theme = given;
      change("picture");
    },
    panelAt,
    fit(panel?: Panel, bounds?: Bounds) {
      const extents = (panel ? [panel as PanelModel] : panels).flatMap((each) => {
        const extent = bounds ?? each.bounds();
        return extent ? [inUnits(each.frame, extent)] : [];
      });
      if (extents.length === 0) return;
      const union = {
        left: Math.min(...extents.map(({ left }) => left)),
        right: Math.max(...extents.map(({ right }) => right)),
        bottom: Math.min(...extents.map(({ bottom }) => bottom)),
        top: Math.max(...extents.map(({ top }) => top)),
      };
      camera.set(
        fitted(
          panels.map(({ place }) => place),
          union,
        ),
      );
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    toBlob() {
      again();
      return new Promise((resolve) => canvas.toBlob(resolve));
    },
    destroy() {
      frames.stop();
      listeners.clear();
      canvas.removeEventListener(BEFORE_COPY, again);
      canvas.removeEventListener("webglcontextlost", lost);
      canvas.removeEventListener("webglcontextrestored", restored);
      painter?.destroy();
      painter = null;
    },
  };
  return scatter;
}
