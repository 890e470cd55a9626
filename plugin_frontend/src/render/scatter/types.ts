/**
 * What the scatter plot is given and what it answers. Rows are indices into the arrays given; nothing here knows about samples.
 *
 * Three coordinate systems:
 *
 *     screen   CSS pixels from the upper left corner of the canvas, y downwards
 *     plane    the units of the data, y upwards: of points in two dimensions their own coordinates, of points in three what
 *              the camera's rotation makes of them; a lasso in it keeps its meaning when the camera moves
 *     camera   the frame of a panel is -1 to 1, so that panels whose data have other extents share one camera
 */

/** Bits of a row's state. */
export const SELECTED = 1; // on top and outlined, while all others are dimmed
export const HIDDEN = 2; // neither drawn nor picked nor found in a polygon
export const HOVERED = 4; // on top, enlarged and outlined
export const NEIGHBOUR = 8; // on top and outlined thinly
export const OUTLINED = 16; // a diamond with an outline: what colour alone should not have to say, e.g. misclassified

/** value = offset + scale * stored, on all axes. The array is handed to the GPU as it is and must not change afterwards. */
export type Positions = { stored: Uint16Array; scale: number; offset: number };

/** The part of the data that the camera at rest shows: a square or cube from centre - radius to centre + radius. */
export type Frame = { centre: number; radius: number };

export type Points = {
  dims: 2 | 3;
  /** [N, dims] */
  to: Positions;
  /** Where the same rows are at morph 0; absent: they do not move. */
  from?: Positions | undefined;
  /** Absent: all that the positions can store. Give the same one to all steps, or the picture jumps between them. */
  frame?: Frame | undefined;
};

/** Pixels in the byte order of ImageData. Codes beyond the palette and values that are NaN get the colour `missing`. */
export type Colours =
  | { codes: Uint8Array | Uint16Array; palette: Uint32Array }
  /** From `low` to `high` through `lut`, of any length. */
  | { values: Float32Array | Uint16Array; low: number; high: number; lut: Uint32Array };

/** What is looked at: the centre of the view in units of the frame, how many times enlarged, and the rotation in radians. */
export type CameraState = {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
  /** About the vertical axis, and after it about the horizontal one; of use in three dimensions only. */
  readonly yaw: number;
  readonly pitch: number;
};

export const AT_REST: CameraState = { x: 0, y: 0, zoom: 1, yaw: 0, pitch: 0 };

/** One for all panels. Every change is clamped, so that points stay in reach. */
export type Camera = {
  readonly state: CameraState;
  set(state: Partial<CameraState>): void;
  /** By pixels on the screen. */
  pan(dx: number, dy: number): void;
  /** Above 1: nearer. What is under the point on the screen stays there; absent: in the middle of the panel. */
  zoom(factor: number, x?: number, y?: number): void;
  /** By pixels on the screen. */
  rotate(dx: number, dy: number): void;
  /** Returns what ends it. */
  subscribe(listener: (state: CameraState) => void): () => void;
};

/** In CSS pixels. */
export type Rectangle = { x: number; y: number; width: number; height: number };

export type Bounds = { left: number; right: number; bottom: number; top: number };

export type PanelStats = { total: number; hidden: number; selected: number };

/** One set of points in one part of the canvas. */
export type Panel = {
  readonly place: Rectangle;
  readonly stats: PanelStats;
  /** Replaces points; their colours and states are to be given again when N changes. */
  setPoints(points: Points): void;
  /** 0: all rows are at `from`; 1: at `to`. */
  setMorph(t: number): void;
  setColours(colours: Colours): void;
  /** A byte of bits for each row; kept, not copied: change it and call `updateState`. */
  setState(state: Uint8Array): void;
  /** After changing rows [start, stop) of the state given; absent: any of them. */
  updateState(start?: number, stop?: number): void;
  /** The row whose point is nearest to a point on the screen, within `radius` pixels (default 8) of it; -1: none. */
  pick(x: number, y: number, radius?: number): number;
  /** Rows inside a polygon, ascending: corners [x0, y0, x1, y1, ...] in the plane, closed by itself, even-odd where it crosses itself. */
  inPolygon(corners: ArrayLike<number>): Uint32Array;
  inRectangle(bounds: Bounds): Uint32Array;
  toPlane(x: number, y: number): [x: number, y: number];
  toScreen(x: number, y: number): [x: number, y: number];
  /** Where a row is on the screen, morphed as it is now. */
  where(row: number): [x: number, y: number];
  /** Of the given rows, or of all that are not hidden; `null`: there are none. In the plane. */
  bounds(rows?: ArrayLike<number>): Bounds | null;
};

export type ScatterStats = {
  /** "canvas": WebGL2 is missing; at most `FALLBACK_LIMIT` points of a panel are drawn then, a fair sample. */
  renderer: "webgl" | "canvas";
  /** Of all points, how many the picture on screen was drawn from. */
  drawn: number;
  /** Of all panels. */
  total: number;
  /** The picture is complete: nothing moves, and no part of it is still to come. */
  settled: boolean;
};

export const FALLBACK_LIMIT = 20_000;

export type Theme = {
  /** Pixel of outlines: dark on light ground, light on dark ground. */
  ink: number;
  /** Pixel of points whose colour is not known. */
  missing: number;
};

export type ScatterOptions = {
  theme: Theme;
  /** Draw all points in every frame, whatever it costs. For measurements. */
  everything?: boolean;
};

export type Scatter = {
  readonly camera: Camera;
  readonly panels: readonly Panel[];
  readonly stats: ScatterStats;
  /** One panel for each rectangle; those that there were keep their points. */
  arrange(places: readonly Rectangle[]): void;
  /** The size of the canvas in CSS pixels, and how many device pixels one is; before `arrange`. */
  resize(width: number, height: number, pixelRatio: number): void;
  setTheme(theme: Theme): void;
  /** Which panel a point on the screen is in; -1: none. */
  panelAt(x: number, y: number): number;
  /** Move the camera so that what `bounds` (in the plane of a panel) encloses fills it; absent: all points of all panels. */
  fit(panel?: Panel, bounds?: Bounds): void;
  /** Called when the picture on screen or `stats` changed. Returns what ends it. */
  subscribe(listener: (stats: ScatterStats) => void): () => void;
  /** The picture as it is on screen, as a PNG. */
  toBlob(): Promise<Blob | null>;
  destroy(): void;
};
