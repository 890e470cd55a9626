/** The bits of all rows: what changed since the last time, how many there are of each kind, and which rows lie on top. */
import type { Order } from "./order.ts";
import { HIDDEN, HOVERED, NEIGHBOUR, OUTLINED, SELECTED } from "./types.ts";

const ON_TOP = SELECTED | HOVERED | NEIGHBOUR;
/** Of more selected rows a fair sample is drawn on top: all would take seconds where there is no GPU, and look alike. */
export const MOST_ON_TOP = 60_000;
/** So many rows are sent to a painter one by one; more, all at once. */
const FEW = 64;

export class RowStates {
  hidden = 0;
  /** Of those that are not hidden, like `outlined`. */
  selected = 0;
  outlined = 0;
  given: Uint8Array;
  /** What the rows had when `update` last looked. */
  readonly seen: Uint8Array;
  /** Rows that changed since the painter took them; "all" when it would be more work to name them. */
  private touched: number[] | "all" = "all";
  private top: Uint32Array | null = null;

  constructor(n: number) {
    this.seen = new Uint8Array(n);
    this.given = new Uint8Array(n);
  }

  readonly isShown = (row: number): boolean => ((this.seen[row] as number) & HIDDEN) === 0;

  /** What rows [start, stop) ask to be drawn anew; `null`: nothing changed. */
  update(start: number, stop: number): "top" | "picture" | null {
    const { seen, given } = this;
    const hadSelected = this.selected > 0;
    let changes = 0;
    for (let row = start; row < stop; row++) {
      const [before, after] = [seen[row] as number, given[row] as number];
      if (before === after) continue;
      changes |= before ^ after;
      this.count(before, -1);
      this.count(after, 1);
      seen[row] = after;
      if (this.touched !== "all" && this.touched.push(row) > FEW) this.touched = "all";
    }
    if (changes === 0) return null;
    this.top = null;
    const dimmed = hadSelected !== this.selected > 0;
    return changes & (HIDDEN | OUTLINED) || dimmed ? "picture" : "top";
  }

  takeTouched(): number[] | "all" {
    const touched = this.touched;
    this.touched = [];
    return touched;
  }

  /** Rows on top in the order in which they are drawn: selected ones as fairly as all others, then neighbours, then those pointed at. */
  onTop(order: Order): Uint32Array {
    this.top ??= this.findTop(order);
    return this.top;
  }

  private findTop(order: Order): Uint32Array {
    const { seen } = this;
    const above: number[] = [];
    let selected = 0;
    for (let row = 0; row < seen.length; row++) {
      const state = seen[row] as number;
      if ((state & ON_TOP) === 0 || state & HIDDEN) continue;
      if (state & (HOVERED | NEIGHBOUR)) above.push(row);
      else selected++;
    }
    const drawn = Math.min(selected, MOST_ON_TOP);
    const rows = new Uint32Array(drawn + above.length);
    for (let row = 0, at = 0; at < drawn; ) {
      if (((seen[row] as number) & (ON_TOP | HIDDEN)) === SELECTED) rows[at++] = row;
      row += order.stride;
      if (row >= order.length) row -= order.length;
    }
    above.sort((a, b) => ((seen[a] as number) & HOVERED) - ((seen[b] as number) & HOVERED));
    rows.set(above, drawn);
    return rows;
  }

  private count(state: number, by: 1 | -1): void {
    if (state & HIDDEN) this.hidden += by;
    else {
      if (state & SELECTED) this.selected += by;
      if (state & OUTLINED) this.outlined += by;
    }
  }
}
