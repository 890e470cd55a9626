/**
 * Which rows lie in each of 256² cells: a counting sort by the upper bytes of the coordinates, which are two bytes each.
 * 20 ms for a million rows, where a tree takes 300 ms.
 */

/** Cells along a side; a cell is `CELL` stored units wide. */
export const CELLS = 256;
export const CELL = 256;

/** Coordinates in a plane, as they are stored: [x, y, x, y, ...]. */
export type Flat = Uint16Array;

export class Grid {
  /** [CELLS² + 1] where the rows of a cell begin in `rows`. */
  readonly starts = new Uint32Array(CELLS * CELLS + 1);
  readonly rows: Uint32Array;

  constructor(readonly flat: Flat) {
    const n = flat.length >> 1;
    const starts = this.starts;
    for (let i = 0; i < flat.length; i += 2) (starts[cellOf(flat, i) + 1] as number)++;
    for (let cell = 0; cell < CELLS * CELLS; cell++) (starts[cell + 1] as number) += starts[cell] as number;
    const next = starts.slice(0, CELLS * CELLS);
    this.rows = new Uint32Array(n);
    for (let row = 0; row < n; row++) {
      const cell = cellOf(flat, 2 * row);
      this.rows[next[cell] as number] = row;
      (next[cell] as number)++;
    }
  }

  /** The nearest row within `radius` that `allowed` lets through; -1: none. All in stored units. */
  nearest(x: number, y: number, radius: number, allowed: (row: number) => boolean): number {
    const [left, right] = [cellAlong(x - radius), cellAlong(x + radius)];
    let [best, least] = [-1, radius * radius];
    for (let cellY = cellAlong(y - radius); cellY <= cellAlong(y + radius); cellY++) {
      const stop = this.starts[cellY * CELLS + right + 1] as number;
      for (let i = this.starts[cellY * CELLS + left] as number; i < stop; i++) {
        const row = this.rows[i] as number;
        const dx = (this.flat[2 * row] as number) - x;
        const dy = (this.flat[2 * row + 1] as number) - y;
        const distance = dx * dx + dy * dy;
        if (distance <= least && (distance < least || best < 0) && allowed(row)) [best, least] = [row, distance];
      }
    }
    return best;
  }
}

function cellOf(flat: Flat, i: number): number {
  return ((flat[i + 1] as number) & 0xff00) | ((flat[i] as number) >> 8);
}

/** The cell along one side, or the nearest that there is. */
export function cellAlong(stored: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(stored / CELL)));
}
