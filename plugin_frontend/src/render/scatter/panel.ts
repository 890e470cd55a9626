/** One set of points: what was given, what follows from it, and the answers to where and which. */
import { pixelsPerUnit, toPlane, toScreen, type View } from "./camera.ts";
import { diamondSize, pointOpacity, pointSize, type Spread, spreadOf } from "./density.ts";
import { inPlane, type PlanePoints, pointInPlane } from "./flat.ts";
import { Grid } from "./grid.ts";
import { rowsInPolygon } from "./lasso.ts";
import { Order } from "./order.ts";
import { RowStates } from "./states.ts";
import type { Bounds, Camera, Colours, Frame, Panel, PanelStats, Points, Rectangle } from "./types.ts";

/** What has to be drawn anew: nothing but the points on top, the picture, or the picture while it moves. */
export type Change = "top" | "picture" | "motion";

/** Diameters in CSS pixels; `diamond`: of points that are outlined. */
export type Look = { size: number; diamond: number; opacity: number };

/** What is left of the opacity of points that are not selected while others are. */
const DIMMED = 0.22;
const HALF_STORED = 65535 / 2;
const NO_POINTS: Points = { dims: 2, to: { stored: new Uint16Array(0), scale: 1, offset: 0 } };
/** Even where points crowd in a few places, they are drawn as if they had this share of the room. */
const LEAST_OCCUPIED = 0.1;

export class PanelModel implements Panel {
  place: Rectangle = { x: 0, y: 0, width: 0, height: 0 };
  points: Points = NO_POINTS;
  frame: Frame = frameOf(NO_POINTS);
  order = new Order(0);
  states = new RowStates(0);
  colours: Colours | null = null;
  morph = 1;
  /** Raised whenever what painters keep a copy of is replaced. */
  readonly versions = { points: 0, colours: 0 };
  private spread: Spread = { bounds: null, occupied: 0 };
  private plane: { points: PlanePoints; yaw: number; pitch: number; grid?: Grid } | null = null;

  constructor(
    private readonly camera: Camera,
    private readonly changed: (change: Change) => void,
  ) {}

  get length(): number {
    return this.order.length;
  }

  get view(): View {
    return { place: this.place, frame: this.frame, camera: this.camera.state };
  }

  get stats(): PanelStats {
    return { total: this.length, hidden: this.states.hidden, selected: this.states.selected };
  }

  setPoints(points: Points): void {
    const n = points.to.stored.length / points.dims;
    if (!Number.isInteger(n) || (points.from && points.from.stored.length !== points.to.stored.length))
      throw new RangeError(`positions [${n}, ${points.dims}] and those they come from do not fit each other`);
    if (!(points.to.scale > 0)) throw new RangeError(`positions with a scale of ${points.to.scale}`);
    if (n !== this.length) {
      this.order = new Order(n);
      this.states = new RowStates(n);
      this.colours = null;
      this.versions.colours++;
    }
    this.points = points;
    this.frame = points.frame ?? frameOf(points);
    this.morph = 1;
    this.spread = spreadOf(points.to.stored, points.dims);
    this.plane = null;
    this.versions.points++;
    this.changed("picture");
  }

  setMorph(t: number): void {
    if (t === this.morph) return;
    this.morph = t;
    this.changed("motion");
  }

  setColours(colours: Colours): void {
    const given = "codes" in colours ? colours.codes : colours.values;
    if (given.length !== this.length) throw new RangeError(`${given.length} colours for ${this.length} points`);
    this.colours = colours;
    this.versions.colours++;
    this.changed("picture");
  }

  setState(state: Uint8Array): void {
    if (state.length !== this.length) throw new RangeError(`${state.length} states for ${this.length} points`);
    this.states.given = state;
    this.updateState();
  }

  updateState(start = 0, stop = this.length): void {
    const change = this.states.update(start, stop);
    if (change) this.changed(change);
  }

  pick(x: number, y: number, radius = 8): number {
    const { place } = this;
    if (this.length === 0 || !contains(place, x, y)) return -1;
    const { scale, offset } = this.inPlane();
    const [planeX, planeY] = toPlane(this.view, x, y);
    const reach = radius / (pixelsPerUnit(this.view) * scale);
    return this.grid().nearest((planeX - offset) / scale, (planeY - offset) / scale, reach, this.states.isShown);
  }

  inPolygon(corners: ArrayLike<number>): Uint32Array {
    const { scale, offset } = this.inPlane();
    const stored = Float64Array.from(corners, (value) => (value - offset) / scale);
    return rowsInPolygon(this.grid(), stored, this.states.isShown);
  }

  inRectangle({ left, right, bottom, top }: Bounds): Uint32Array {
    return this.inPolygon([left, bottom, right, bottom, right, top, left, top]);
  }

  toPlane(x: number, y: number): [x: number, y: number] {
    return toPlane(this.view, x, y);
  }

  toScreen(x: number, y: number): [x: number, y: number] {
    return toScreen(this.view, x, y);
  }

  where(row: number): [x: number, y: number] {
    const [x, y] = pointInPlane(this.points, this.frame, this.camera.state, this.morph, row) as [number, number];
    return this.toScreen(x, y);
  }

  bounds(rows?: ArrayLike<number>): Bounds | null {
    const { flat, scale, offset } = this.inPlane();
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < (rows?.length ?? this.length); i++) {
      const row = rows ? (rows[i] as number) : i;
      if (!rows && !this.states.isShown(row)) continue;
      const [x, y] = [flat[2 * row] as number, flat[2 * row + 1] as number];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < bottom) bottom = y;
      if (y > top) top = y;
    }
    if (left > right) return null;
    const value = (stored: number) => offset + scale * stored;
    return { left: value(left), right: value(right), bottom: value(bottom), top: value(top) };
  }

  /** Points in the picture when `count` of all are drawn. */
  look(count: number): Look {
    const side = 2 * HALF_STORED * this.points.to.scale * pixelsPerUnit(this.view);
    const occupied = Math.max(LEAST_OCCUPIED, this.spread.occupied);
    const size = pointSize(count, side * side * occupied * 4);
    const opacity = pointOpacity(count, side * side, occupied, size) * (this.states.selected > 0 ? DIMMED : 1);
    return { size, diamond: diamondSize(size, this.states.outlined, side * side), opacity };
  }

  /** Points on top of it, when `count` are drawn there. */
  lookOnTop(count: number): Look {
    const [all, these] = [this.look(this.length), this.look(count)];
    const size = Math.max(all.size, 0.7 * these.size);
    return { size, diamond: Math.max(all.diamond, size), opacity: Math.max(0.6, these.opacity) };
  }

  /** What the points make of the plane: of three dimensions, as they are turned now. */
  private inPlane(): PlanePoints {
    const { yaw, pitch } = this.camera.state;
    const turned = this.points.dims === 3 && this.plane && (this.plane.yaw !== yaw || this.plane.pitch !== pitch);
    if (!this.plane || turned) this.plane = { points: inPlane(this.points, this.frame, this.camera.state), yaw, pitch };
    return this.plane.points;
  }

  private grid(): Grid {
    const { flat } = this.inPlane();
    const plane = this.plane as NonNullable<typeof this.plane>;
    plane.grid ??= new Grid(flat);
    return plane.grid;
  }
}

export function contains({ x, y, width, height }: Rectangle, atX: number, atY: number): boolean {
  return atX >= x && atY >= y && atX < x + width && atY < y + height;
}

function frameOf({ to }: Points): Frame {
  return { centre: to.offset + to.scale * HALF_STORED, radius: to.scale * HALF_STORED };
}
