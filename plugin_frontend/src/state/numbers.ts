/** The numbers behind what is seen, which the shown view offers as a table. */
import { signal } from "@preact/signals";
import type { Table } from "../data/csv.ts";

export type Numbers = {
  /** Whether there are any now. */
  any: () => boolean;
  table: () => Table | Promise<Table>;
  /** Why there are none. */
  otherwise: string;
};

/** `null`: the view has no table. */
export const numbers = signal<Numbers | null>(null);

/** Returns what takes it back. */
export function offerNumbers(offer: Numbers): () => void {
  numbers.value = offer;
  return () => {
    if (numbers.peek() === offer) numbers.value = null;
  };
}
