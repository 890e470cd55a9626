import { expect, test } from "vitest";
import { fitted, inUnits, rotation, SharedCamera, toPlane, toScreen } from "./camera.ts";
import { AT_REST, type Rectangle } from "./types.ts";

const PLACE: Rectangle = { x: 100, y: 50, width: 800, height: 600 };
const FRAME = { centre: 3, radius: 20 };
const camera = () => new SharedCamera(() => PLACE);

test("the frame at rest lies in the middle of the panel, with a margin", () => {
  const view = { place: PLACE, frame: FRAME, camera: AT_REST };
  expect(toScreen(view, 3, 3)).toEqual([500, 350]);
  const [x, y] = toScreen(view, 3, 23);
  expect(x).toBe(500);
  expect(y).toBeGreaterThan(50);
  expect(y).toBeLessThan(100);
});

test("the screen and the plane are each other's inverse", () => {
  const view = { place: PLACE, frame: FRAME, camera: { ...AT_REST, x: 0.3, y: -0.7, zoom: 5 } };
  const [x, y] = toPlane(view, ...toScreen(view, 7, -2));
  expect(x).toBeCloseTo(7, 9);
  expect(y).toBeCloseTo(-2, 9);
});

test("what is under the pointer stays there when zooming, and follows it when panning", () => {
  const shared = camera();
  const view = () => ({ place: PLACE, frame: FRAME, camera: shared.state });
  const before = toPlane(view(), 321, 432);
  shared.zoom(3.7, 321, 432);
  const after = toPlane(view(), 321, 432);
  expect(after[0]).toBeCloseTo(before[0], 9);
  expect(after[1]).toBeCloseTo(before[1], 9);
  shared.pan(30, -20);
  const panned = toPlane(view(), 351, 412);
  expect(panned[0]).toBeCloseTo(before[0], 9);
  expect(panned[1]).toBeCloseTo(before[1], 9);
});

test("the camera stays in reach, and keeps the point under the pointer where zooming ends", () => {
  const shared = camera();
  shared.pan(1e9, -1e9);
  expect(Math.abs(shared.state.x)).toBeLessThan(2);
  expect(Math.abs(shared.state.y)).toBeLessThan(2);
  shared.set({ x: 0, y: 0 });
  shared.zoom(1e9, 900, 350);
  const { x, zoom } = shared.state;
  expect(zoom).toBeLessThan(1000);
  shared.zoom(10, 900, 350);
  expect(shared.state).toMatchObject({ x, zoom });
  shared.set({ zoom: Number.NaN, x: Number.POSITIVE_INFINITY, pitch: 9 });
  expect(Object.values(shared.state).every(Number.isFinite)).toBe(true);
  expect(shared.state.pitch).toBeCloseTo(Math.PI / 2);
});

test("a fitted camera shows the bounds as large as the panel allows", () => {
  const bounds = { left: -5, right: 15, bottom: 2, top: 4 };
  const view = { place: PLACE, frame: FRAME, camera: { ...AT_REST, ...fitted([PLACE], inUnits(FRAME, bounds)) } };
  const [left, top] = toScreen(view, -5, 4);
  const [right, bottom] = toScreen(view, 15, 2);
  expect((left + right) / 2).toBeCloseTo(500);
  expect((top + bottom) / 2).toBeCloseTo(350);
  expect(right - left).toBeCloseTo(0.92 * 800);
  const narrow = { ...PLACE, width: 200 };
  expect(fitted([PLACE, narrow], bounds).zoom).toBe(fitted([narrow], bounds).zoom);
});

test("listeners hear of changes only, until they leave", () => {
  const shared = camera();
  const heard: number[] = [];
  const leave = shared.subscribe(({ zoom }) => heard.push(zoom));
  shared.set({ zoom: 2 });
  shared.set({ zoom: 2 });
  leave();
  shared.set({ zoom: 3 });
  expect(heard).toEqual([2]);
});

test("a rotation is one: rows of length one at right angles, and a quarter turn brings the right to the back", () => {
  const m = rotation({ ...AT_REST, yaw: 0.7, pitch: -0.4 });
  const row = (i: number) => m.slice(3 * i, 3 * i + 3);
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  for (const i of [0, 1, 2]) for (const j of [0, 1, 2]) expect(dot(row(i), row(j))).toBeCloseTo(i === j ? 1 : 0, 12);
  const quarter = rotation({ ...AT_REST, yaw: Math.PI / 2 });
  expect(dot(quarter.slice(6, 9), [1, 0, 0])).toBeCloseTo(-1);
});
