/** Decoded records by run and key: fetched in one request a run, shared while in flight, kept within a byte budget. */
import { fetchRecords } from "./client.ts";
import type { ExplainedRecord } from "./explained.ts";
import { Lru } from "./lru.ts";
import { decodePayload, type Kind } from "./payloads.ts";

/** `null`: the record cannot be read. */
export type Read = ExplainedRecord | null;

/** A record that is asked for. */
export type Wanted = { kind: Kind; key: string };

const BUDGET = 192 * 1024 * 1024;

export class RecordStore {
  readonly #kept: Lru<Read>;
  readonly #inFlight = new Map<string, Promise<Read>>();

  constructor(
    private readonly fetchPayloads = fetchRecords,
    budget = BUDGET,
  ) {
    this.#kept = new Lru(budget);
  }

  /** The records asked for, in this order. */
  load(run: string, wanted: readonly Wanted[]): Promise<Read[]> {
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

  #request(run: string, wanted: Wanted[]): void {
    const payloads = this.fetchPayloads(
      run,
      wanted.map(({ key }) => key),
    );
    wanted.forEach(({ kind, key }, i) => {
      const name = nameOf(run, key);
      const read = payloads
        .then((all) => {
          const payload = all[i];
          const record = payload ? decode(kind, key, payload) : null;
          this.#kept.set(name, record, payload?.length ?? 0);
          return record;
        })
        .finally(() => this.#inFlight.delete(name));
      this.#inFlight.set(name, read);
    });
  }
}

function nameOf(run: string, key: string): string {
  return `${run}\n${key}`;
}

function decode(kind: Kind, key: string, payload: Uint8Array): Read {
  try {
    // A copy: the payload is a view of the whole answer, which would otherwise stay alive with any of its records.
    return decodePayload(kind, key, payload.slice());
  } catch (reason) {
    console.warn(`Record ${key} cannot be decoded:`, reason);
    return null;
  }
}
