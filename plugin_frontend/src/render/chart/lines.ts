/** Lines over steps in the units of the screen: their paths, the step nearest the pointer, labels that keep their distance. */

export type Point = { x: number; y: number };

/** Parts of a line that hang together: a value that is not known interrupts it. */
export function runsOf(
  values: readonly (number | undefined)[],
  place: (at: number, value: number) => Point,
): Point[][] {
  const runs: Point[][] = [];
  let open = false;
  values.forEach((value, at) => {
    const known = value !== undefined && Number.isFinite(value);
    if (known && open) runs.at(-1)?.push(place(at, value));
    else if (known) runs.push([place(at, value)]);
    open = known;
  });
  return runs;
}

/** For the attribute `d`. Points alone have no path: they are drawn as dots. */
export function pathOf(runs: readonly (readonly Point[])[]): string {
  return runs
    .filter((run) => run.length > 1)
    .map((run) => run.map(({ x, y }, i) => `${i ? "L" : "M"}${tenth(x)} ${tenth(y)}`).join(""))
    .join("");
}

export function loneOf(runs: readonly (readonly Point[])[]): Point[] {
  return runs.flatMap((run) => (run.length === 1 ? run : []));
}

/** The index of the nearest of ascending numbers, of two as near the lower; -1 when there are none. */
export function nearestTo(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const between = ((ascending[middle] as number) + (ascending[middle + 1] as number)) / 2;
    if (value <= between) high = middle;
    else low = middle + 1;
  }
  return high;
}

/**
 * Where labels go that want to be at `wanted` but must be `gap` apart, between `low` and `high`: each as near its place as
 * its neighbours let it. `null`: there is no room for all.
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] | null {
  if ((wanted.length - 1) * gap > high - low) return null;
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  // Blocks of touching labels, each centred on the mean of what its members want; blocks that meet become one.
  const blocks: { members: number[]; top: number }[] = [];
  for (const member of order) {
    let block = { members: [member], top: within(wanted[member] as number, low, high) };
    for (let last = blocks.at(-1); last && last.top + last.members.length * gap > block.top; last = blocks.at(-1)) {
      blocks.pop();
      const members = [...last.members, ...block.members];
      const mean = members.reduce((sum, i, place) => sum + (wanted[i] as number) - place * gap, 0) / members.length;
      block = { members, top: within(mean, low, high - (members.length - 1) * gap) };
    }
    blocks.push(block);
  }
  const placed = new Array<number>(wanted.length);
  for (const { members, top } of blocks)
    members.forEach((member, place) => {
      placed[member] = top + place * gap;
    });
  return placed;
}

/** At most `most` indices of `count`, evenly chosen, the first and the last among them. */
export function evenly(count: number, most: number): number[] {
  const n = Math.min(count, most);
  if (n < 2) return n ? [count - 1] : [];
  return Array.from({ length: n }, (_, i) => Math.round((i * (count - 1)) / (n - 1)));
}

function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}
