/** Decoded records by run and key: fetched in one request a run, shared while in flight, kept within a byte budget. */
import { loadCode } from "./client.ts";
import { Lru } from "./lru.ts";

/** A record that is asked for. */
type Asked = { key: string };

type Decoder<Wanted, Value> = (wanted: Wanted, payload: Uint8Array) => Value;

export class RecordStore<Wanted extends Asked, Value> {
  readonly #kept: Lru<Value | null>;
  readonly #inFlight = new Map<string, Promise<Value | null>>();

  /**
   * Holds about `budget` bytes of payloads. `loadDecoder`: its code need not be there before there is a record. What it decodes may
   * throw: such a record cannot be read.
   */
  constructor(
    private readonly fetchPayloads: (run: string, keys: readonly string[]) => Promise<(Uint8Array | null)[]>,
    private readonly loadDecoder: () => Promise<Decoder<Wanted, Value>>,
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
    const keys = wanted.map(({ key }) => key);
    const answer = Promise.all([this.fetchPayloads(run, keys), loadCode(this.loadDecoder)]);
    wanted.forEach((one, i) => {
      const name = nameOf(run, one.key);
      const read = answer
        .then(([payloads, decode]) => {
          const payload = payloads[i];
          const record = payload ? decoded(decode, one, payload) : null;
          this.#kept.set(name, record, payload?.length ?? 0);
          return record;
        })
        .finally(() => this.#inFlight.delete(name));
      this.#inFlight.set(name, read);
    });
  }
}

function decoded<Wanted extends Asked, Value>(
  decode: Decoder<Wanted, Value>,
  wanted: Wanted,
  payload: Uint8Array,
): Value | null {
  try {
    // A copy: the payload is a view of the whole answer, which would otherwise stay alive with any of its records.
    return decode(wanted, payload.slice());
  } catch (reason) {
    console.warn(`Record ${wanted.key} cannot be decoded:`, reason);
    return null;
  }
}

function nameOf(run: string, key: string): string {
  return `${run}\n${key}`;
}
