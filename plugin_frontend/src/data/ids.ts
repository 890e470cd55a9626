/** Ids of rows: 53-bit integers, which numbers hold exactly. They tie rows of projections to each other and to samples. */

/** Read from the column as it is stored: two halves each, the lower one first. */
export function idAt(halves: Uint32Array, row: number): number {
  return (halves[2 * row] as number) + 2 ** 32 * (halves[2 * row + 1] as number);
}

/** Of some rows. */
export function idsAt(halves: Uint32Array, rows: ArrayLike<number>): Float64Array {
  const ids = new Float64Array(rows.length);
  for (let i = 0; i < ids.length; i++) ids[i] = idAt(halves, rows[i] as number);
  return ids;
}

/** Others each time the page is loaded: whoever could foresee them could make ids that all want the same place. */
const [FIRST, SECOND, THIRD] = crypto.getRandomValues(new Uint32Array(3)).map((bits) => bits | 1) as unknown as [
  number,
  number,
  number,
];

/**
 * Where each id is in a list: an open hash table in two typed arrays, since a Map of a million numbers takes ten times the
 * memory and time. Of equal ids the first one counts.
 */
export class IdIndex {
  readonly #places: Int32Array;
  readonly #shift: number;

  constructor(
    readonly count: number,
    private readonly idOf: (index: number) => number,
  ) {
    const bits = Math.max(4, Math.ceil(Math.log2(2 * Math.max(1, count))));
    this.#shift = 32 - bits;
    this.#places = new Int32Array(2 ** bits);
    for (let index = 0; index < count; index++) {
      const slot = this.#slotOf(idOf(index));
      if (this.#places[slot] === 0) this.#places[slot] = index + 1;
    }
  }

  /** -1: it is not in the list. */
  find(id: number): number {
    return (this.#places[this.#slotOf(id)] as number) - 1;
  }

  has(id: number): boolean {
    return this.find(id) >= 0;
  }

  /** That of the id, or the first free one. */
  #slotOf(id: number): number {
    const mask = this.#places.length - 1;
    let slot = mixed(id) >>> this.#shift;
    for (;;) {
      const place = this.#places[slot] as number;
      if (place === 0 || this.idOf(place - 1) === id) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** 32 bits in which every bit of an id counts. */
function mixed(id: number): number {
  let bits = Math.imul((id | 0) ^ THIRD, FIRST);
  bits = Math.imul(bits ^ (bits >>> 15), SECOND) + Math.imul(Math.floor(id / 2 ** 32), THIRD);
  bits = Math.imul(bits ^ (bits >>> 16), FIRST);
  return bits ^ (bits >>> 13);
}

/** Ids as they come from a message; larger ones than numbers hold are none of ours. 0: there is none. */
export function idFrom(wide: number): number {
  return Number.isSafeInteger(wide) ? wide : 0;
}
