/**
 * The order in which rows are drawn: neighbours in it are far apart in the data, so that no class lies on top because it came
 * last, and any beginning of it is a fair sample. A stride near the golden section of N, which needs no memory and whose
 * inverse is known:
 *
 *     row = slot · stride mod N
 */
const GOLDEN_SECTION = (Math.sqrt(5) - 1) / 2;

export class Order {
  readonly stride: number;
  private readonly inverse: number;

  constructor(readonly length: number) {
    let stride = Math.max(1, Math.round(length * GOLDEN_SECTION));
    while (euclid(stride, length).divisor !== 1) stride++;
    this.stride = stride;
    this.inverse = euclid(stride, length).inverse;
  }

  rowOf(slot: number): number {
    return (slot * this.stride) % this.length;
  }

  slotOf(row: number): number {
    return (row * this.inverse) % this.length;
  }
}

/** The greatest common divisor of `a` and `n`, and the inverse of `a` modulo `n` where that is 1. */
function euclid(a: number, n: number): { divisor: number; inverse: number } {
  let [r, next] = [n, a];
  let [t, following] = [0, 1];
  while (next !== 0) {
    const quotient = Math.floor(r / next);
    [r, next] = [next, r - quotient * next];
    [t, following] = [following, t - quotient * following];
  }
  return { divisor: r, inverse: ((t % n) + n) % n };
}
