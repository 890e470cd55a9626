/** Decoded records by run and key: fetched in one request a run, shared while in flight, kept within a byte budget. */
import { Lru } from "./lru.ts";

/** A record that is asked for. */
type Asked = { key: string };

export class RecordStore<Wanted extends Asked, Value> {
  readonly #kept: Lru<Value | null>;
  readonly #inFlight = new Map<string, Promise<Value | null>>();

  /** Holds about `budget` bytes of payloads. `decode` may throw: such a record cannot be read. */
  constructor(
    private readonly fetchPayloads: (run: string, keys: readonly string[]) => Promise<(Uint8Array | null)[]>,
    private readonly decode: (wanted: Wanted, payload: Uint8Array) => Value,
    budget: number,
  ) {
    this.#kept = new Lru(budget);
  }

  /** The records asked for, in this order; `null` for those that cannot be read. */
  load(run: string, wanted: readonly Wanted[]): Promise<(Value | null)[]> {
    const missing = wanted.filter(
      ({ key }) => this.#kept.get(nameOf(run, key)) === undefined && !this.#inFlight.has(nameOf(run, key)),
    );
    if (missing.length) this.#request(run, missing);
    return Promise.all(
      wanted.map(({ key }) => this.#inFlight.get(nameOf(run, key)) ?? this.#kept.get(nameOf(run, key)) ?? null),
    );
  }

  clear(): void {
    this.#kept.clear();
  }

  #request(run: string, wanted: readonly Wanted[]): void {
    const payloads = this.fetchPayloads(
      run,
      wanted.map(({ key }) => key),
    );
    wanted.forEach((one, i) => {
      const name = nameOf(run, one.key);
      const read = payloads
        .then((all) => {
          const payload = all[i];
          const record = payload ? this.#decoded(one, payload) : null;
          this.#kept.set(name, record, payload?.length ?? 0);
          return record;
        })
        .finally(() => this.#inFlight.delete(name));
      this.#inFlight.set(name, read);
    });
  }

  #decoded(wanted: Wanted, payload: Uint8Array): Value | null {
    try {
      // A copy: the payload is a view of the whole answer, which would otherwise stay alive with any of its records.
      return this.decode(wanted, payload.slice());
    } catch (reason) {
      console.warn(`Record ${wanted.key} cannot be decoded:`, reason);
      return null;
    }
  }
}

function nameOf(run: string, key: string): string {
  return `${run}\n${key}`;
}
