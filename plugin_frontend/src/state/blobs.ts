/** What records name by content hash, fetched when first drawn and kept: one serves all steps of a sample, in all runs. */
import { type Signal, signal } from "@preact/signals";
import { Unreachable } from "../data/client.ts";
import { Lru } from "../data/lru.ts";
import { onForget } from "./forget.ts";
import { reportTrouble, unreachable } from "./reachability.ts";

/** `undefined`: on its way; `null`: it cannot be read. */
export type Lookup<Value> = Value | null | undefined;

type Kept<Value> = { lookup: Signal<Lookup<Value>>; arrival: Promise<Value> };

export class Blobs<Value> {
  readonly #kept: Lru<Kept<Value>>;

  /** Holds at most `budget` bytes, as `bytesOf` counts them. */
  constructor(
    budget: number,
    private readonly fetchBlob: (run: string, hash: string) => Promise<Value>,
    private readonly bytesOf: (value: Value) => number,
  ) {
    this.#kept = new Lru(budget);
    onForget(() => this.#kept.clear());
  }

  /** What calls this in an effect is called again when the answer has arrived. */
  look(run: string, hash: string): Lookup<Value> {
    if (!hash) return null;
    void unreachable.value; // asks again once the server is back
    return this.#find(run, hash).lookup.value;
  }

  /** Rejects when it cannot be read. */
  load(run: string, hash: string): Promise<Value> {
    return this.#find(run, hash).arrival;
  }

  #find(run: string, hash: string): Kept<Value> {
    return this.#kept.get(hash) ?? this.#request(run, hash);
  }

  #request(run: string, hash: string): Kept<Value> {
    const lookup = signal<Lookup<Value>>(undefined);
    const kept = { lookup, arrival: this.fetchBlob(run, hash) };
    this.#kept.set(hash, kept, 0);
    kept.arrival
      .then((value) => {
        this.#kept.set(hash, kept, this.bytesOf(value));
        lookup.value = value;
      })
      .catch((reason: unknown) => {
        if (reason instanceof Unreachable) this.#kept.delete(hash);
        else lookup.value = null;
        reportTrouble(reason);
      });
    return kept;
  }
}
