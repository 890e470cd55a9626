/** Points as they lie in the plane that is looked at, two bytes an axis, whatever the dimensions they come from. */
import { rotation } from "./camera.ts";
import type { Flat } from "./grid.ts";
import type { CameraState, Frame, Points } from "./types.ts";

/** value = offset + scale * stored */
export type PlanePoints = { flat: Flat; scale: number; offset: number };

const LARGEST_STORED = 65535;

/** Of two dimensions what was given; of three what the rotation makes of it, rounded to two bytes. */
export function inPlane({ dims, to }: Points, frame: Frame, camera: CameraState): PlanePoints {
  if (dims === 2) return { flat: to.stored, scale: to.scale, offset: to.offset };
  const [xx, xy, xz, yx, yy, yz] = rotation(camera) as number[] as Six;
  const n = to.stored.length / 3;
  // As far from the frame's centre as any corner of what can be stored.
  const half = (to.scale * LARGEST_STORED) / 2;
  const reach = Math.sqrt(3) * (half + Math.abs(to.offset + half - frame.centre));
  const scale = (2 * reach) / LARGEST_STORED;
  const offset = frame.centre - reach;
  const [gain, shift] = [to.scale / scale, (to.offset - frame.centre) / scale];
  const flat = new Uint16Array(2 * n);
  const middle = LARGEST_STORED / 2 + 0.5; // and rounded
  for (let row = 0, i = 0; row < n; row++, i += 3) {
    const x = (to.stored[i] as number) * gain + shift;
    const y = (to.stored[i + 1] as number) * gain + shift;
    const z = (to.stored[i + 2] as number) * gain + shift;
    flat[2 * row] = xx * x + xy * y + xz * z + middle;
    flat[2 * row + 1] = yx * x + yy * y + yz * z + middle;
  }
  return { flat, scale, offset };
}

type Six = [number, number, number, number, number, number];

/** One row in the plane, as far between `from` and `to` as the morph is. */
export function pointInPlane(points: Points, frame: Frame, camera: CameraState, morph: number, row: number): number[] {
  const { dims, to, from } = points;
  const away: number[] = [0, 0, 0];
  for (let axis = 0; axis < dims; axis++) {
    const end = to.offset + to.scale * (to.stored[row * dims + axis] as number);
    const start = from ? from.offset + from.scale * (from.stored[row * dims + axis] as number) : end;
    away[axis] = start + morph * (end - start) - frame.centre;
  }
  if (dims === 2) return [frame.centre + (away[0] as number), frame.centre + (away[1] as number)];
  const m = rotation(camera);
  const along = (k: number) => away.reduce((sum, value, axis) => sum + value * (m[3 * k + axis] as number), 0);
  return [frame.centre + along(0), frame.centre + along(1)];
}
