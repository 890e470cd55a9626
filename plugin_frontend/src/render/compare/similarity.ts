/** How alike two maps rank the parts of an image. */

/**
 * Spearman's rank correlation of equally many values, -1 to 1, as tb_explain's figure of drift takes it: equal values share
 * their mean rank. `undefined` where either is constant or not finite, so that there are no ranks.
 */
export function spearman(a: Float32Array, b: Float32Array): number | undefined {
  const first = centredRanks(a);
  const second = centredRanks(b);
  if (!first || !second) return undefined;
  let together = 0;
  let spreadA = 0;
  let spreadB = 0;
  for (let i = 0; i < first.length; i++) {
    const x = first[i] as number;
    const y = second[i] as number;
    together += x * y;
    spreadA += x * x;
    spreadB += y * y;
  }
  if (spreadA === 0 || spreadB === 0) return undefined;
  return Math.min(1, Math.max(-1, together / Math.sqrt(spreadA * spreadB)));
}

/** Ranks about their mean; `null` where a value is not finite. */
function centredRanks(values: Float32Array): Float64Array | null {
  if (!values.every(Number.isFinite)) return null;
  const sorted = values.slice().sort();
  // Each value once, with the mean of the places that it takes: stored maps have few values and many cells.
  const distinct: number[] = [];
  const ranks: number[] = [];
  for (let from = 0; from < sorted.length; ) {
    const value = sorted[from] as number;
    let to = from + 1;
    while (to < sorted.length && sorted[to] === value) to++;
    distinct.push(value);
    ranks.push((from + to - sorted.length) / 2);
    from = to;
  }
  return Float64Array.from(values, (value) => ranks[placeOf(distinct, value)] as number);
}

/** Where `value` is in a list that has it. */
function placeOf(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
