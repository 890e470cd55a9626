/** Paints the faces of a grid's voxels, the farthest first. */
import { type Projection, place, type Vector } from "./camera.ts";
import { SIDES, type Surface } from "./surface.ts";

/** 0xrrggbb. */
export type Colour = number;

/** Where the light comes from: to the right, down and towards the viewer. */
const LIGHT: Vector = [-0.42, -0.72, 0.55];
const AMBIENT = 0.66;
/** How bright a corner is, by how open it is. */
const OPENNESS = [0.66, 0.8, 0.91, 1];
/** How much of its light the farthest voxel loses. */
const HAZE = 0.22;
/** Borders between voxels are darker, where voxels are large enough to have some. */
const BORDER = 0.88;
const BORDER_FROM = 10;
/** Faces overlap by this share of a voxel, so that rounding leaves no gaps. */
const OVERLAP = 0.002;

/** The faces turned to the viewer, farthest first, for each direction that was looked from. */
const orders = new WeakMap<Surface, Map<number, Uint32Array>>();

/** Fills `pixels`, [height, width] of RGBA as ImageData holds them; what is empty stays transparent. */
export function paintVoxels(
  surface: Surface,
  projection: Projection,
  colourOf: (voxel: number) => Colour,
  pixels: Uint32Array,
  width: number,
  height: number,
): void {
  pixels.fill(0);
  const [nx, ny] = surface.size;
  const { axes } = projection;
  const scale = Math.hypot(...axes[0]);
  const reach = (scale * Math.hypot(...surface.size)) / 2;
  const painters = SIDES.map((_, side) => sidePainter(projection, side, pixels, width, height));
  for (const face of orderOf(surface, axes)) {
    const voxel = surface.voxels[face] as number;
    const x = voxel % nx;
    const y = Math.floor(voxel / nx) % ny;
    const z = Math.floor(voxel / (nx * ny));
    const [left, top, near] = place(projection, [x, y, z]);
    const haze = 1 - (HAZE * (1 - near / reach)) / 2;
    painters[surface.sides[face] as number]?.(left, top, haze, colourOf(voxel), surface.openness[face] as number);
  }
}

function orderOf(surface: Surface, axes: Projection["axes"]): Uint32Array {
  // Towards the viewer along each axis, away, or along the screen: what is seen and in which order depends on nothing else.
  const signs = axes.map(([, , near]) => (Math.abs(near) < 1e-6 ? 0 : Math.sign(near)));
  const octant = signs.reduce<number>((packed, sign) => 3 * packed + sign + 1, 0);
  const known = orders.get(surface) ?? new Map<number, Uint32Array>();
  orders.set(surface, known);
  let order = known.get(octant);
  if (!order) {
    order = farthestFirst(surface, signs);
    known.set(octant, order);
  }
  return order;
}

function farthestFirst({ size: [nx, ny, nz], count, voxels, sides }: Surface, signs: readonly number[]): Uint32Array {
  const seen = SIDES.map(({ axis, sign }) => sign === signs[axis]);
  // Along each axis the farther voxel comes first; as nothing is seen in perspective, the axes may be taken in any order.
  const keys = new Float64Array(count);
  let found = 0;
  for (let face = 0; face < count; face++) {
    if (!seen[sides[face] as number]) continue;
    const voxel = voxels[face] as number;
    const x = voxel % nx;
    const y = Math.floor(voxel / nx) % ny;
    const z = Math.floor(voxel / (nx * ny));
    const key =
      ((signs[2] === -1 ? nz - 1 - z : z) * ny + (signs[1] === -1 ? ny - 1 - y : y)) * nx +
      (signs[0] === -1 ? nx - 1 - x : x);
    keys[found++] = key * 2 ** 27 + face; // both are below 2^26: exact
  }
  return Uint32Array.from(keys.subarray(0, found).sort(), (key) => key % 2 ** 27);
}

/** Paints faces of one side, which have the same shape and light wherever they are. */
function sidePainter({ axes }: Projection, side: number, pixels: Uint32Array, width: number, height: number) {
  const { axis, sign, u, v } = SIDES[side] as (typeof SIDES)[number];
  const [ux, uy] = axes[u];
  const [vx, vy] = axes[v];
  const area = ux * vy - uy * vx;
  if (Math.abs(area) < 1e-3) return null; // seen from its edge
  const [outX, outY] = sign > 0 ? axes[axis] : [0, 0];
  const light = lightOn(axes[axis], sign);
  // s and t, from 0 to 1 along u and v, of the point (x, y) to the right of and below the face's first corner.
  const [sx, sy, tx, ty] = [vy / area, -vx / area, -uy / area, ux / area];
  const [lowest, highest] = [Math.min(0, uy, vy, uy + vy), Math.max(0, uy, vy, uy + vy)];
  const border = Math.hypot(...axes[axis]) < BORDER_FROM ? 0 : 1;
  const [borderS, borderT] = [border * (Math.abs(sx) + Math.abs(sy)), border * (Math.abs(tx) + Math.abs(ty))];

  return (left: number, top: number, haze: number, colour: Colour, openness: number) => {
    const [x0, y0] = [left + outX, top + outY];
    const [a, b, c, d] = [0, 2, 4, 6].map((shift) => OPENNESS[(openness >> shift) & 3] as number) as Four;
    const [red, green, blue] = [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
    const strength = light * haze;
    const firstRow = Math.max(0, Math.ceil(y0 + lowest - 1));
    const lastRow = Math.min(height - 1, Math.floor(y0 + highest + 1));
    for (let row = firstRow; row <= lastRow; row++) {
      const dy = row + 0.5 - y0;
      // Of the points of the row, those with s and t within the face.
      const [fromS, toS] = between(sx, sy * dy);
      const [fromT, toT] = between(tx, ty * dy);
      const first = Math.max(0, Math.ceil(x0 + Math.max(fromS, fromT) - 0.5));
      const last = Math.min(width - 1, Math.floor(x0 + Math.min(toS, toT) - 0.5));
      for (let column = first; column <= last; column++) {
        const dx = column + 0.5 - x0;
        const s = sx * dx + sy * dy;
        const t = tx * dx + ty * dy;
        const corner = a + (b - a) * s + (c - a + (a - b - c + d) * s) * t;
        const inner = s >= borderS && s <= 1 - borderS && t >= borderT && t <= 1 - borderT;
        const bright = strength * corner * (inner ? 1 : BORDER);
        pixels[row * width + column] =
          (255 << 24) | ((blue * bright) << 16) | ((green * bright) << 8) | ((red * bright) | 0);
      }
    }
  };
}

type Four = [number, number, number, number];

/** The x for which slope * x + shift lies between 0 and 1, or hardly outside. */
function between(slope: number, shift: number): [number, number] {
  if (Math.abs(slope) < 1e-9) return shift >= -OVERLAP && shift <= 1 + OVERLAP ? [-1e9, 1e9] : [1e9, -1e9];
  const ends = [(-OVERLAP - shift) / slope, (1 + OVERLAP - shift) / slope] as [number, number];
  return slope > 0 ? ends : [ends[1], ends[0]];
}

function lightOn(axis: Vector, sign: number): number {
  const along = axis.reduce((sum, part, i) => sum + part * (LIGHT[i] as number), 0);
  const cosine = (sign * along) / (Math.hypot(...axis) * Math.hypot(...LIGHT));
  return AMBIENT + (1 - AMBIENT) * Math.max(0, cosine);
}
