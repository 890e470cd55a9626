/** From the plane of the data to the screen and back, and the camera that all panels share. */
import { AT_REST, type Bounds, type Camera, type CameraState, type Frame, type Rectangle } from "./types.ts";

/** What is between the frame and the panel's edge, as a share of the panel. */
const MARGIN = 0.04;
/** Beyond this, what two bytes store is a lattice to the eye. */
const MOST_ZOOM = 256;
const LEAST_ZOOM = 0.4;
/** The corners of a rotated cube are this far from its centre. */
const REACH = Math.sqrt(3);
const RADIANS_PER_PIXEL = 0.008;

export type View = { place: Rectangle; frame: Frame; camera: CameraState };

/** Pixels that half the frame takes, not enlarged. */
function halfFrame(place: Rectangle): number {
  return (0.5 - MARGIN) * Math.min(place.width, place.height);
}

/** Pixels per unit of the data. */
export function pixelsPerUnit({ place, frame, camera }: View): number {
  return (camera.zoom * halfFrame(place)) / frame.radius;
}

export function toScreen(view: View, x: number, y: number): [x: number, y: number] {
  const { place, frame, camera } = view;
  const scale = pixelsPerUnit(view);
  return [
    place.x + place.width / 2 + (x - frame.centre - frame.radius * camera.x) * scale,
    place.y + place.height / 2 - (y - frame.centre - frame.radius * camera.y) * scale,
  ];
}

export function toPlane(view: View, x: number, y: number): [x: number, y: number] {
  const { place, frame, camera } = view;
  const scale = pixelsPerUnit(view);
  return [
    frame.centre + frame.radius * camera.x + (x - place.x - place.width / 2) / scale,
    frame.centre + frame.radius * camera.y - (y - place.y - place.height / 2) / scale,
  ];
}

/** Row-major: to the right, upwards, towards the eye. */
export function rotation({ yaw, pitch }: CameraState): readonly number[] {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return [cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy];
}

/** Bounds in the plane of the data, in the camera's units. */
export function inUnits({ centre, radius }: Frame, { left, right, bottom, top }: Bounds): Bounds {
  const units = (value: number) => (value - centre) / radius;
  return { left: units(left), right: units(right), bottom: units(bottom), top: units(top) };
}

/** Where the camera has to be for bounds in its units to fill all of the places. */
export function fitted(places: readonly Rectangle[], { left, right, bottom, top }: Bounds): Partial<CameraState> {
  const room = 1 - 2 * MARGIN;
  const zooms = places.map((place) => {
    const { width, height } = place;
    return (
      Math.min((room * width) / Math.max(right - left, 1e-9), (room * height) / Math.max(top - bottom, 1e-9)) /
      halfFrame(place)
    );
  });
  return { x: (left + right) / 2, y: (bottom + top) / 2, zoom: Math.min(...zooms) };
}

export class SharedCamera implements Camera {
  state: CameraState = AT_REST;
  private readonly listeners = new Set<(state: CameraState) => void>();

  /** `placeAt` names the panel that a gesture is in. */
  constructor(private readonly placeAt: (x?: number, y?: number) => Rectangle | undefined) {}

  set(change: Partial<CameraState>): void {
    const state = clamped({ ...this.state, ...change });
    if ((Object.keys(state) as (keyof CameraState)[]).every((key) => state[key] === this.state[key])) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }

  pan(dx: number, dy: number): void {
    const place = this.placeAt();
    if (!place) return;
    const scale = this.state.zoom * halfFrame(place);
    this.set({ x: this.state.x - dx / scale, y: this.state.y + dy / scale });
  }

  zoom(factor: number, x?: number, y?: number): void {
    const place = this.placeAt(x, y);
    if (!place) return;
    const zoom = clamp(this.state.zoom * factor, LEAST_ZOOM, MOST_ZOOM);
    // The point of the plane under the pointer, away from the centre of the view, is so many units before and after.
    const shift = (1 / this.state.zoom - 1 / zoom) / halfFrame(place);
    const dx = (x ?? place.x + place.width / 2) - place.x - place.width / 2;
    const dy = (y ?? place.y + place.height / 2) - place.y - place.height / 2;
    this.set({ zoom, x: this.state.x + dx * shift, y: this.state.y - dy * shift });
  }

  rotate(dx: number, dy: number): void {
    this.set({ yaw: this.state.yaw + dx * RADIANS_PER_PIXEL, pitch: this.state.pitch + dy * RADIANS_PER_PIXEL });
  }

  subscribe(listener: (state: CameraState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function clamped({ x, y, zoom, yaw, pitch }: CameraState): CameraState {
  return {
    x: clamp(x, -REACH, REACH),
    y: clamp(y, -REACH, REACH),
    zoom: clamp(zoom, LEAST_ZOOM, MOST_ZOOM),
    yaw: Math.atan2(Math.sin(yaw), Math.cos(yaw)),
    pitch: clamp(pitch, -Math.PI / 2, Math.PI / 2),
  };
}

/** What is not a number becomes the nearest to rest. */
function clamp(value: number, low: number, high: number): number {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : Math.min(high, Math.max(low, 0));
}
