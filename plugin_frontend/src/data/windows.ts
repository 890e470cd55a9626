/** Windows that hide a part of an image: where they lie, and which of them a point or an arrow key means. */

/** Windows of one size. All numbers are pixels of the explained input. */
export type Windows = {
  height: number;
  width: number;
  /** The topmost row of each, and its leftmost column. */
  tops: Float32Array;
  lefts: Float32Array;
};

/** So many of one size, or pairs of them, are looked at for one target. */
export const MOST_WINDOWS = 2 ** 20;

/** The windows of a grid, row by row. */
export function gridWindows(height: number, width: number, rows: Float32Array, columns: Float32Array): Windows {
  const tops = new Float32Array(rows.length * columns.length);
  const lefts = new Float32Array(tops.length);
  rows.forEach((top, i) => {
    tops.fill(top, i * columns.length, (i + 1) * columns.length);
    lefts.set(columns, i * columns.length);
  });
  return { height, width, tops, lefts };
}

/** The window whose centre is closest to a point; of equally close ones the first, and -1 when there is none. */
export function nearestWindow({ height, width, tops, lefts }: Windows, y: number, x: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tops.length; i++) {
    const distance = Math.hypot((tops[i] as number) + height / 2 - y, (lefts[i] as number) + width / 2 - x);
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  return best;
}

/** The next window downwards and to the right, by the signs of `down` and `right`; the same one at the edge. */
export function neighbourWindow({ tops, lefts }: Windows, from: number, down: number, right: number): number {
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tops.length; i++) {
    const dy = (tops[i] as number) - (tops[from] as number);
    const dx = (lefts[i] as number) - (lefts[from] as number);
    const along = dy * Math.sign(down) + dx * Math.sign(right);
    if (along <= 0) continue;
    const aside = Math.abs(down ? dx : dy);
    const cost = along + 1e6 * aside; // staying in the row or column comes first
    if (cost >= least) continue;
    least = cost;
    best = i;
  }
  return best;
}

export function overlap(a: Windows, i: number, b: Windows, j: number): boolean {
  const apart = (start: number, length: number, otherStart: number, otherLength: number) =>
    start + length <= otherStart || otherStart + otherLength <= start;
  return !(
    apart(a.tops[i] as number, a.height, b.tops[j] as number, b.height) ||
    apart(a.lefts[i] as number, a.width, b.lefts[j] as number, b.width)
  );
}

/** Of several sizes, the one that is shown unless another is asked for. */
export function mediumOf(count: number): number {
  return count >> 1;
}
