/** From which side a grid is looked at, without perspective: nearer voxels are as large as others. */

/** In degrees. Yaw turns the grid about its upright axis, pitch tilts it towards the viewer. */
export type Orientation = { yaw: number; pitch: number };

export type Vector = readonly [number, number, number];

/** What one step along x, y and z is on screen, to the right, down and towards the viewer, and where the grid's origin is. */
export type Projection = { axes: readonly [Vector, Vector, Vector]; origin: Vector };

/** Fits the grid, however it is turned, into a picture of this width and height. */
export function project(
  size: readonly [number, number, number],
  { yaw, pitch }: Orientation,
  width: number,
  height: number,
): Projection {
  const [cy, sy] = [Math.cos(radians(yaw)), Math.sin(radians(yaw))];
  const [cp, sp] = [Math.cos(radians(pitch)), Math.sin(radians(pitch))];
  const scale = Math.min(width, height) / Math.hypot(...size);
  // The columns of the rotation about y, then x; the screen's second axis points down.
  const axes: [Vector, Vector, Vector] = [
    [scale * cy, -scale * sy * sp, scale * -sy * cp],
    [0, -scale * cp, scale * sp],
    [scale * sy, scale * cy * sp, scale * cy * cp],
  ];
  const middle = (screen: number) =>
    axes.reduce((sum, axis, i) => sum + ((axis[screen] as number) * (size[i] as number)) / 2, 0);
  return { axes, origin: [width / 2 - middle(0), height / 2 - middle(1), -middle(2)] };
}

/** Where a point of the grid is on screen. */
export function place({ axes, origin }: Projection, [x, y, z]: Vector): Vector {
  const [ax, ay, az] = axes;
  return [0, 1, 2].map(
    (i) => (origin[i] as number) + x * (ax[i] as number) + y * (ay[i] as number) + z * (az[i] as number),
  ) as unknown as Vector;
}

/** After a drag or a key: yaw goes round, pitch ends where one looks straight down or up. */
export function turned({ yaw, pitch }: Orientation, byYaw: number, byPitch: number): Orientation {
  return { yaw: modulo(yaw + byYaw, 360), pitch: Math.max(-90, Math.min(90, pitch + byPitch)) };
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

const modulo = (value: number, base: number) => ((value % base) + base) % base;
