// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { SharedCamera } from "./camera.ts";
import { Frames } from "./frames.ts";
import type { Painter } from "./painter.ts";
import { PanelModel } from "./panel.ts";
import { HOVERED } from "./types.ts";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout", "performance"],
  });
});

const theme = { ink: 0, missing: 0 };

/** Notes what it is asked for; a point takes some microseconds, during which it is not ready. */
class Notes implements Painter {
  readonly renderer = "webgl";
  readonly limit = Number.POSITIVE_INFINITY;
  readonly log: string[] = [];
  until = 0;
  constructor(private readonly microseconds: number) {}
  resize() {}
  forget() {}
  destroy() {}
  begin() {
    this.log.push("begin");
  }
  draw(_: PanelModel, start: number, stop: number) {
    this.log.push(`${start}-${stop}`);
    this.until = Math.max(this.until, performance.now()) + ((stop - start) * this.microseconds) / 1000;
  }
  finish() {
    this.log.push("finish");
  }
  show() {
    this.log.push("show");
  }
  ready() {
    return performance.now() >= this.until;
  }
}

function started(n: number, microseconds: number, everything = false) {
  const painter = new Notes(microseconds);
  const camera = new SharedCamera(() => panel.place);
  const panel: PanelModel = new PanelModel(camera, (change) => frames.request(change));
  const frames: Frames = new Frames(
    () => painter,
    () => [panel],
    () => theme,
    everything,
    () => {},
  );
  camera.subscribe(() => frames.request("motion"));
  panel.place = { x: 0, y: 0, width: 100, height: 100 };
  panel.setPoints({ dims: 2, to: { stored: new Uint16Array(2 * n), scale: 1, offset: 0 } });
  const run = (milliseconds: number) => {
    vi.advanceTimersByTime(milliseconds);
    return painter.log.splice(0);
  };
  return { painter, panel, camera, frames, run };
}

const slices = (log: string[]) => log.filter((line) => line.includes("-")).map((line) => line.split("-").map(Number));

test("few points are drawn at once, and then nothing happens any more", () => {
  const { frames, run } = started(1000, 0.1);
  expect(frames.settled).toBe(false);
  expect(run(100)).toEqual(["begin", "0-1000", "finish", "show"]);
  expect(frames.settled).toBe(true);
  expect(run(1000)).toEqual([]);
});

test("many points: a sample is shown first, then all of them when they are drawn, each once, in slices out of sight", () => {
  const { frames, run } = started(1_000_000, 0.5);
  const first = run(20);
  expect(first).toEqual(["begin", "0-200000", "finish", "show"]);
  expect(frames.drawn).toEqual({ drawn: 200_000, complete: false });
  const rest = run(3000);
  expect(rest.filter((line) => line === "show")).toHaveLength(1);
  expect(rest.at(-1)).toBe("show");
  let next = 0;
  for (const [start, stop] of slices(rest) as [number, number][]) {
    expect(start).toBe(next);
    next = stop;
  }
  expect(next).toBe(1_000_000);
  expect(frames.drawn).toEqual({ drawn: 1_000_000, complete: true });
});

test("while it moves there are only samples, smaller where drawing is slow and larger where it is fast", () => {
  const sizes = (microseconds: number) => {
    const { camera, run } = started(10_000_000, microseconds);
    const drawn: number[] = [];
    for (let turn = 0; turn < 60; turn++) {
      camera.pan(turn % 2 ? 1 : -1, 0);
      for (const [start, stop] of slices(run(16)) as [number, number][]) {
        expect(start).toBe(0);
        drawn.push(stop);
      }
    }
    return drawn;
  };
  const [slow, fast] = [sizes(2), sizes(0.001)];
  expect(slow.at(-1)).toBeLessThan(100_000);
  expect(fast.at(-1)).toBeGreaterThan(1_000_000);
});

test("after a movement the whole picture waits for rest, and begins anew when something moves before it is done", () => {
  const { camera, run, frames } = started(1_000_000, 0.5);
  run(5000);
  camera.pan(1, 0);
  expect(slices(run(100))).toEqual([[0, expect.any(Number)]]);
  expect(run(100).length).toBeGreaterThan(0);
  camera.pan(1, 0);
  const again = slices(run(5000)) as [number, number][];
  expect(again.filter(([start]) => start === 0)).toHaveLength(2); // the sample and the whole
  expect(frames.settled).toBe(true);
});

test("pointing at a row draws no points of the picture again", () => {
  const { panel, run } = started(1_000_000, 0.1);
  run(5000);
  const state = new Uint8Array(1_000_000);
  state[7] = HOVERED;
  panel.setState(state);
  expect(run(1000)).toEqual(["show"]);
});

test("with everything asked for, each frame has all points", () => {
  const { camera, run } = started(1_000_000, 0.5, true);
  run(5000);
  camera.pan(1, 0);
  expect(run(5000)).toEqual(["begin", "0-1000000", "finish", "show"]);
});
