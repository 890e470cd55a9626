/**
 * When what is drawn. While anything moves, each frame is a fair sample of the points, as many as were drawn in time before;
 * when all is still, the whole picture is drawn in slices out of sight, a slice whenever the last one is done, so that no
 * frame waits long even where there is no GPU.
 */

import type { Painter } from "./painter.ts";
import type { Change, PanelModel } from "./panel.ts";
import type { Theme } from "./types.ts";

/** A picture or a slice should take so many milliseconds. */
const [QUICK, SLOW] = [25, 60];
const [FEWEST, FIRST, MOST] = [50_000, 200_000, 8_000_000];
/** So long after the last movement the whole picture is begun. */
const REST = 150;

/** `complete`: with all points. */
type Drawn = { drawn: number; complete: boolean };

type Whole = { notBefore: number; begun: boolean; panel: number; from: number };

export class Frames {
  drawn: Drawn = { drawn: 0, complete: true };
  private budget = FIRST;
  private change: Change | null = null;
  private whole: Whole | null = null;
  private asked = 0;
  private waiting = 0;
  private began: number | null = null;

  constructor(
    private readonly painter: () => Painter | null,
    private readonly panels: () => readonly PanelModel[],
    private readonly theme: () => Theme,
    private readonly everything: boolean,
    private readonly shown: () => void,
  ) {}

  /** Nothing is still to come. */
  get settled(): boolean {
    return this.drawn.complete && this.change === null;
  }

  request(change: Change): void {
    if (change !== "top" || this.change === null) this.change = change;
    this.ask();
  }

  /** Draw now rather than in the next frame: the canvas was emptied. */
  now(): void {
    this.change ??= "picture";
    if (this.change === "top") this.change = "picture";
    const painter = this.painter();
    if (painter) this.sample(painter);
  }

  stop(): void {
    cancelAnimationFrame(this.asked);
    clearTimeout(this.waiting);
    this.asked = this.waiting = 0;
  }

  private ask(): void {
    if (this.asked) return;
    clearTimeout(this.waiting);
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.frame();
    });
  }

  private frame(): void {
    const painter = this.painter();
    if (!painter) return; // its context was lost; it asks again when it is back
    if (!painter.ready()) {
      this.ask();
      return;
    }
    this.measure();
    const change = this.change;
    if (change === "picture" || change === "motion") this.sample(painter);
    else {
      if (this.whole && performance.now() >= this.whole.notBefore) this.slice(painter, this.whole);
      else if (change === "top") this.show(painter);
      this.resume();
    }
  }

  /** Learns from how long the last picture or slice took how many points the next may have. */
  private measure(): void {
    if (this.began === null) return;
    const took = performance.now() - this.began;
    this.began = null;
    if (took < QUICK) this.budget = Math.min(MOST, this.budget * 1.5);
    else if (took > SLOW) this.budget = Math.max(FEWEST, this.budget * Math.max(0.4, SLOW / took));
  }

  /** A whole picture of as many points as the budget allows. */
  private sample(painter: Painter): void {
    const moving = this.change === "motion";
    const total = sum(this.panels(), (panel) => limited(panel, painter));
    const share = this.everything ? 1 : Math.min(1, this.budget / Math.max(1, total));
    this.began = total * share > FEWEST ? performance.now() : null;
    painter.begin();
    for (const panel of this.panels()) {
      const count = Math.ceil(share * limited(panel, painter));
      if (count > 0) painter.draw(panel, 0, count, count, this.theme());
    }
    painter.finish();
    this.whole =
      share === 1 ? null : { notBefore: moving ? performance.now() + REST : 0, begun: false, panel: 0, from: 0 };
    this.drawn = { drawn: Math.ceil(share * total), complete: share === 1 };
    this.show(painter);
    this.resume();
  }

  private slice(painter: Painter, whole: Whole): void {
    if (!whole.begun) painter.begin();
    whole.begun = true;
    const panel = this.panels()[whole.panel];
    if (!panel) {
      painter.finish();
      this.whole = null;
      this.drawn = { drawn: sum(this.panels(), (each) => limited(each, painter)), complete: true };
      this.show(painter);
      return;
    }
    const count = limited(panel, painter);
    const stop = Math.min(count, whole.from + Math.floor(this.budget));
    this.began = performance.now();
    if (stop > whole.from) painter.draw(panel, whole.from, stop, count, this.theme());
    [whole.panel, whole.from] = stop === count ? [whole.panel + 1, 0] : [whole.panel, stop];
    if (this.change === "top") this.show(painter);
  }

  private show(painter: Painter): void {
    this.change = null;
    painter.show(this.panels(), this.theme());
    this.shown();
  }

  private resume(): void {
    if (!this.whole) return;
    const wait = this.whole.notBefore - performance.now();
    clearTimeout(this.waiting);
    if (wait <= 0) this.ask();
    else this.waiting = window.setTimeout(() => this.ask(), wait);
  }
}

function limited(panel: PanelModel, painter: Painter): number {
  return Math.min(panel.length, painter.limit);
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
