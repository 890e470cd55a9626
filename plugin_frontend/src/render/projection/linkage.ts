/** An order of things in which near ones stand together: that of the leaves of average linkage. */

/** Larger than any distance, and small enough to be averaged. */
const FAR = 1e30;

/** `distances` is [n, n]; of the two directions their mean counts, and what is no number is far away. */
export function linkageOrder(distances: ArrayLike<number>, n: number): number[] {
  const between = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const mean = ((distances[i * n + j] as number) + (distances[j * n + i] as number)) / 2;
      between[i * n + j] = Number.isNaN(mean) ? FAR : mean;
    }
  const leaves: number[][] = Array.from({ length: n }, (_, i) => [i]);
  const alive = new Uint8Array(n).fill(1);
  const chain: number[] = [];
  // The chain of nearest neighbours: n² in all, where looking for the nearest pair each time would be n³.
  for (let left = n; left > 1; ) {
    if (chain.length === 0) chain.push(alive.indexOf(1));
    const top = chain.at(-1) as number;
    const before = chain.at(-2) ?? -1;
    const nearest = nearestTo(top, before, between, alive, n);
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    merge(Math.min(top, before), Math.max(top, before), leaves, between, alive, n, distances);
    left--;
  }
  return leaves[alive.indexOf(1)] ?? [];
}

/** The one before in the chain wins a tie, so that the chain ends. */
function nearestTo(from: number, before: number, between: Float64Array, alive: Uint8Array, n: number): number {
  let best = before;
  let least = before >= 0 ? (between[from * n + before] as number) : Number.POSITIVE_INFINITY;
  for (let j = 0; j < n; j++) {
    if (!alive[j] || j === from) continue;
    const distance = between[from * n + j] as number;
    if (distance < least) [best, least] = [j, distance];
  }
  return best;
}

/** Joins b into a; turns either of them around where that brings nearer ends together. */
function merge(
  a: number,
  b: number,
  leaves: number[][],
  between: Float64Array,
  alive: Uint8Array,
  n: number,
  distances: ArrayLike<number>,
): void {
  const [first, second] = [leaves[a] as number[], leaves[b] as number[]];
  const [sizeA, sizeB] = [first.length, second.length];
  leaves[a] = joinedBest(first, second, (i, j) => distances[i * n + j] as number);
  leaves[b] = [];
  alive[b] = 0;
  for (let j = 0; j < n; j++) {
    const mean = (sizeA * (between[a * n + j] as number) + sizeB * (between[b * n + j] as number)) / (sizeA + sizeB);
    between[a * n + j] = mean;
    between[j * n + a] = mean;
  }
}

function joinedBest(first: number[], second: number[], distance: (i: number, j: number) => number): number[] {
  const [a, z] = [first[0] as number, first.at(-1) as number];
  const [b, y] = [second[0] as number, second.at(-1) as number];
  const ends = [distance(z, b), distance(z, y), distance(a, b), distance(a, y)];
  const best = ends.indexOf(Math.min(...ends));
  return [...(best >= 2 ? first.toReversed() : first), ...(best % 2 ? second.toReversed() : second)];
}
