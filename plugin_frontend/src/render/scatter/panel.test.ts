import { expect, test } from "vitest";
import { SharedCamera } from "./camera.ts";
import { PanelModel } from "./panel.ts";
import { HIDDEN, type Points, SELECTED } from "./types.ts";

const PLACE = { x: 10, y: 20, width: 600, height: 400 };

function panel(points: Points): { panel: PanelModel; camera: SharedCamera; changes: string[] } {
  const changes: string[] = [];
  const camera = new SharedCamera(() => PLACE);
  const made = new PanelModel(camera, (change) => changes.push(change));
  made.place = PLACE;
  made.setPoints(points);
  return { panel: made, camera, changes };
}

/** Four rows at -1 and 1, centred as records are. */
const SCALE = 2 / 65535;
const CORNERS = Uint16Array.of(0, 0, 65535, 0, 65535, 65535, 0, 65535);
const square = (): Points => ({ dims: 2, to: { stored: CORNERS, scale: SCALE, offset: -1 } });

test("a point is picked where it is on the screen, however the camera moved, and within the radius only", () => {
  const { panel: made, camera } = panel(square());
  for (const move of [() => {}, () => camera.zoom(2.5, 100, 100), () => camera.pan(30, -12)]) {
    move();
    for (const row of [0, 1, 2, 3]) {
      const [x, y] = made.where(row);
      const inside = x >= 10 && y >= 20 && x < 610 && y < 420;
      expect(made.pick(x + 2, y - 3)).toBe(inside ? row : -1);
      expect(made.pick(x + 9, y)).toBe(-1);
      if (inside) expect(made.pick(x + 9, y, 10)).toBe(row);
    }
  }
});

test("the screen's upwards is the plane's", () => {
  const { panel: made } = panel(square());
  expect(made.where(3)[1]).toBeLessThan(made.where(0)[1]);
  expect(made.where(1)[0]).toBeGreaterThan(made.where(0)[0]);
});

test("hidden rows are not picked, not found, and do not count for the bounds", () => {
  const { panel: made } = panel(square());
  made.setState(Uint8Array.of(0, 0, HIDDEN, SELECTED));
  expect(made.pick(...made.where(2))).toBe(-1);
  expect([...made.inRectangle({ left: -2, right: 2, bottom: -2, top: 2 })]).toEqual([0, 1, 3]);
  expect(made.stats).toEqual({ total: 4, hidden: 1, selected: 1 });
  made.setState(Uint8Array.of(HIDDEN, HIDDEN, 0, HIDDEN));
  expect(made.bounds()).toEqual({ left: 1, right: 1, bottom: 1, top: 1 });
  made.setState(new Uint8Array(4).fill(HIDDEN));
  expect(made.bounds()).toBeNull();
});

test("a lasso is in the units of the data: moving the camera does not change what it holds", () => {
  const { panel: made, camera } = panel(square());
  const triangle = [-1.5, -1.5, 1.5, -1.5, 0, 1];
  expect([...made.inPolygon(triangle)]).toEqual([0, 1]);
  camera.set({ x: 0.5, zoom: 30 });
  expect([...made.inPolygon(triangle)]).toEqual([0, 1]);
  const [x, y] = made.toScreen(0.25, -0.5);
  expect(made.toPlane(x, y)[0]).toBeCloseTo(0.25, 9);
});

test("between two steps a row is where the morph is; what is picked is where it goes", () => {
  const from = { stored: new Uint16Array(8).fill(65535), scale: SCALE, offset: -1 };
  const { panel: made } = panel({ ...square(), from });
  const [end, start] = [made.where(0), made.where(2)];
  made.setMorph(0);
  expect(made.where(0)).toEqual(start);
  made.setMorph(0.5);
  expect(made.where(0)[0]).toBeCloseTo((start[0] + end[0]) / 2, 9);
  expect(made.pick(...end)).toBe(0);
});

test("steps of other extents share the frame that is given, so that what stays does not jump", () => {
  const frame = { centre: 0, radius: 1 };
  const { panel: made } = panel({ ...square(), frame });
  const before = made.where(2);
  // The same places, stored with twice the scale.
  const stored = CORNERS.map((value) => (value ? 49151 : 16384));
  made.setPoints({ dims: 2, to: { stored, scale: 2 * SCALE, offset: -2 }, frame });
  expect(made.where(2)[0]).toBeCloseTo(before[0], 1);
  expect(made.where(2)[1]).toBeCloseTo(before[1], 1);
});

test("points in three dimensions are picked and circled where the rotation shows them", () => {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const stored = Uint16Array.from({ length: 300 }, () => random() * 65535);
  const { panel: made, camera } = panel({ dims: 3, to: { stored, scale: SCALE, offset: -1 } });
  camera.set({ yaw: 2.1, pitch: -0.6, zoom: 0.5 });
  for (let row = 0; row < 100; row++) {
    const [x, y] = made.where(row);
    expect(Math.hypot(...minus(made.where(made.pick(x, y)), [x, y]))).toBeLessThan(0.1);
    const [planeX, planeY] = made.toPlane(x, y);
    const d = 1e-3;
    expect([
      ...made.inRectangle({ left: planeX - d, right: planeX + d, bottom: planeY - d, top: planeY + d }),
    ]).toContain(row);
  }
  const before = made.inRectangle({ left: -3, right: 0, bottom: -3, top: 3 });
  camera.set({ yaw: 2.1 - Math.PI });
  const after = made.inRectangle({ left: -3, right: 0, bottom: -3, top: 3 });
  expect(before.length + after.length).toBe(100); // from behind, left is right
});

function minus(a: [number, number], b: [number, number]): [number, number] {
  return [a[0] - b[0], a[1] - b[1]];
}

test("what does not fit the points is refused", () => {
  const { panel: made } = panel(square());
  expect(() => made.setState(new Uint8Array(3))).toThrow(RangeError);
  expect(() => made.setColours({ codes: new Uint8Array(5), palette: new Uint32Array(1) })).toThrow(RangeError);
  const odd = { stored: new Uint16Array(5), scale: 1, offset: 0 };
  expect(() => made.setPoints({ dims: 2, to: odd })).toThrow(RangeError);
  expect(() => made.setPoints({ dims: 2, to: { stored: CORNERS, scale: 0, offset: 1 } })).toThrow(RangeError);
  expect(() => made.setPoints({ ...square(), from: { ...odd, stored: new Uint16Array(6) } })).toThrow(RangeError);
});

test("no points, one point and points that all coincide have a place", () => {
  for (const n of [0, 1, 5]) {
    const { panel: made } = panel({ dims: 2, to: { stored: new Uint16Array(2 * n).fill(9), scale: 1e-6, offset: 3 } });
    expect(made.inPolygon([0, 0, 9, 0, 9, 9, 0, 9]).length).toBe(n);
    if (n) expect(made.where(0).every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(made.look(n).size)).toBe(true);
  }
});
