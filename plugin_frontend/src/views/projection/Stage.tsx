/** The plot on screen: its canvas, what lies above it, the names of the runs, and the card of the row that is pointed at. */
import { effect, type ReadonlySignal, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { dark } from "../../host/theme.ts";
import { AT_REST, type ScatterStats } from "../../render/scatter/types.ts";
import { bindKeys } from "../../shell/keyboard.ts";
import { colouring, colouringTitle } from "../../state/projection_colours.ts";
import { projectionFrame } from "../../state/projection_frame.ts";
import { cameraLink, named, tool } from "../../state/projections.ts";
import { leftOutOfLink, selectedCount, selection } from "../../state/selection.ts";
import { type Drawing, listenToGestures, plotKeys, pressKey } from "./gestures.ts";
import { HoverCard } from "./HoverCard.tsx";
import { type PlacedName, placedNames } from "./names.ts";
import { paintOverlay } from "./overlay.ts";
import { PanelHeads } from "./PanelHeads.tsx";
import { useShowPinned } from "./Point.tsx";
import { Plot, type Shown } from "./plot.ts";
import { SelectionBar } from "./SelectionBar.tsx";
import { StageTools } from "./StageTools.tsx";
import { followTrails, shownTrails } from "./trails.ts";

export type Pointed = { shown: Shown; row: number; x: number; y: number };

export function Stage() {
  const surface = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const plot = useSignal<Plot | null>(null);
  const pointed = useSignal<Pointed | null>(null);
  const drawing = useSignal<Drawing | null>(null);
  const stats = useSignal<ScatterStats | null>(null);
  const places = useSignal(0); // raised when panels have moved
  useShowPinned();

  useEffect(() => {
    if (!surface.current || !canvas.current || !overlay.current) return;
    const made = new Plot(canvas.current);
    plot.value = made;
    const ends = [
      keepSize(surface.current, overlay.current, made, () => {
        places.value = places.peek() + 1;
      }),
      keepCamera(made),
      keepPicture(made, () => {
        pointed.value = null;
        places.value = places.peek() + 1;
      }),
      keepOverlay(overlay.current, made, drawing, places),
      listenToGestures(surface.current, made, {
        drawing: (line) => {
          drawing.value = line && { ...line };
        },
        pointed: (x, y, over) => {
          const found = over ? made.rowAt(x, y) : null;
          made.hover(found);
          pointed.value = found && { ...found, x, y };
        },
      }),
      made.scatter.subscribe((now) => {
        stats.value = now;
      }),
      followTrails(),
      bindKeys(plotKeys(made)),
    ];
    return () => {
      for (const end of ends) end();
      made.destroy();
    };
  }, []);

  return (
    <div class="stage-column">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is a form's */}
      <div
        ref={surface}
        class="stage"
        data-testid="stage"
        data-tool={tool.value}
        data-over={pointed.value ? true : undefined}
        data-settled={stats.value?.settled || undefined}
        data-step={projectionFrame.value?.step}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the plot is moved by keys
        tabIndex={0}
        role="group"
        aria-label="Plot. Arrow keys pan, plus and minus zoom, 0 shows all; L, R and P choose lasso, rectangle and pan."
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || !plot.value || event.target !== event.currentTarget)
            return;
          if (!pressKey(plot.value, event.key)) return;
          event.preventDefault();
          event.stopPropagation(); // the page has its own use for arrow keys
        }}
      >
        <canvas ref={canvas} role="img" aria-label={summary()} data-testid="points" />
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without a tabindex takes no focus */}
        <canvas ref={overlay} class="stage-overlay" aria-hidden="true" />
        {plot.value && <PanelHeads plot={plot.value} key={places.value} />}
        {plot.value && <StageTools plot={plot.value} stats={stats.value} />}
        {pointed.value && !drawing.value && <HoverCard pointed={pointed.value} />}
      </div>
      <SelectionBar />
    </div>
  );
}

/** For those who do not see the canvas. */
function summary(): string {
  const runs = projectionFrame.value?.runs ?? [];
  const each = runs.map(({ series, points }) =>
    points
      ? `${series.run}: ${points.header.rows} points in ${points.header.dims} dimensions`
      : `${series.run}: nothing`,
  );
  const by = colouring.value === "none" ? "" : `, coloured by ${colouringTitle(colouring.value).toLowerCase()}`;
  const link = leftOutOfLink.value ? ", too many for the link" : "";
  return `Projection at step ${projectionFrame.value?.step}. ${each.join("; ")}${by}. ${selectedCount.value} selected${link}. The tab Selection lists them.`;
}

function keepSize(surface: HTMLElement, overlay: HTMLCanvasElement, plot: Plot, moved: () => void): () => void {
  const measure = () => {
    const { clientWidth: width, clientHeight: height } = surface;
    if (width === 0 || height === 0) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    overlay.width = Math.round(width * ratio);
    overlay.height = Math.round(height * ratio);
    plot.resize(width, height, ratio);
    moved();
  };
  const observer = new ResizeObserver(measure);
  observer.observe(surface);
  measure();
  return () => observer.disconnect();
}

const QUIET = 300; // ms

/** The camera and the link say the same. */
function keepCamera({ scatter: { camera } }: Plot): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = effect(() => {
    const asked = cameraLink.value;
    clearTimeout(timer);
    camera.set(asked ?? AT_REST);
  });
  const stop = camera.subscribe((state) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const still = Object.entries(AT_REST).every(([key, value]) => state[key as keyof typeof state] === value);
      cameraLink.value = still ? null : { ...state };
    }, QUIET);
  });
  return () => {
    clearTimeout(timer);
    end();
    stop();
  };
}

/** Points, colours and marks follow what is chosen. */
function keepPicture(plot: Plot, changed: () => void): () => void {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const pictures = signal(0); // colours and marks are those of the picture that is shown
  const ends = [
    effect(() => {
      const frame = projectionFrame.value;
      if (!frame) return;
      plot.show(frame, still.matches);
      pictures.value = pictures.peek() + 1;
      changed();
    }),
    effect(() => {
      void pictures.value;
      plot.recolour();
    }),
    effect(() => {
      void pictures.value;
      plot.remark();
    }),
    effect(() => {
      void dark.value;
      plot.retheme();
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function keepOverlay(
  canvas: HTMLCanvasElement,
  plot: Plot,
  drawing: ReadonlySignal<Drawing | null>,
  places: ReadonlySignal<number>,
): () => void {
  let asked = 0;
  let names: PlacedName[][] = [];
  const paint = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      const style = getComputedStyle(canvas);
      paintOverlay(canvas, plot, {
        drawing: drawing.peek(),
        lasso: selection.peek().pending ? null : selection.peek().lasso,
        trails: shownTrails.peek(),
        names,
        ink: style.getPropertyValue("--text"),
        surface: style.getPropertyValue("--surface"),
        accent: style.getPropertyValue("--accent"),
      });
    });
  };
  const ends = [
    effect(() => {
      void places.value; // what is shown is the plot's, which tells of nothing else
      names = named.value ? plot.shown.map(({ points }) => (points ? placedNames(points) : [])) : [];
      paint();
    }),
    effect(() => {
      void drawing.value;
      void selection.value;
      void shownTrails.value;
      void dark.value;
      paint();
    }),
    plot.scatter.camera.subscribe(paint),
  ];
  return () => {
    cancelAnimationFrame(asked);
    for (const end of ends) end();
  };
}
