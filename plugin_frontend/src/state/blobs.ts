/** What records name by content hash, fetched when first drawn and kept: one serves all steps of a sample, in all runs. */
import { type Signal, signal } from "@preact/signals";
import { Unreachable } from "../data/client.ts";
import { Lru } from "../data/lru.ts";
import { reportTrouble, unreachable } from "./reachability.ts";

/** `undefined`: on its way; `null`: it cannot be read. */
export type Lookup<Value> = Value | null | undefined;

export class Blobs<Value> {
  readonly #kept: Lru<Signal<Lookup<Value>>>;

  /** Holds at most `budget` bytes, as `bytesOf` counts them. */
  constructor(
    budget: number,
    private readonly fetchBlob: (run: string, hash: string) => Promise<Value>,
    private readonly bytesOf: (value: Value) => number,
  ) {
    this.#kept = new Lru(budget);
  }

  /** What calls this in an effect is called again when the answer has arrived. */
  look(run: string, hash: string): Lookup<Value> {
    if (!hash) return null;
    void unreachable.value; // asks again once the server is back
    const known = this.#kept.get(hash) ?? this.#request(run, hash);
    return known.value;
  }

  /** So that those which could not be read are asked for again. */
  forget(): void {
    this.#kept.clear();
  }

  #request(run: string, hash: string): Signal<Lookup<Value>> {
    const lookup = signal<Lookup<Value>>(undefined);
    this.#kept.set(hash, lookup, 0);
    this.fetchBlob(run, hash)
      .then((value) => {
        this.#kept.set(hash, lookup, this.bytesOf(value));
        lookup.value = value;
      })
      .catch((reason: unknown) => {
        if (reason instanceof Unreachable) this.#kept.delete(hash);
        else lookup.value = null;
        reportTrouble(reason);
      });
    return lookup;
  }
}
