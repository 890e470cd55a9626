/** Decoded records by run and key: fetched in one request a run, shared while in flight, kept within a byte budget. */
import { fetchRecords } from "./client.ts";
import { decodeHeatmaps, type HeatmapRecord } from "./heatmaps.ts";
import { Lru } from "./lru.ts";

/** `null`: the record cannot be read. */
export type Read = HeatmapRecord | null;

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

  /** The records of these keys, in this order. */
  load(run: string, keys: readonly string[]): Promise<Read[]> {
    const missing = keys.filter(
      (key) => this.#kept.get(nameOf(run, key)) === undefined && !this.#inFlight.has(nameOf(run, key)),
    );
    if (missing.length) this.#request(run, missing);
    return Promise.all(
      keys.map((key) => this.#inFlight.get(nameOf(run, key)) ?? this.#kept.get(nameOf(run, key)) ?? null),
    );
  }

  clear(): void {
    this.#kept.clear();
  }

  #request(run: string, keys: string[]): void {
    const payloads = this.fetchPayloads(run, keys);
    keys.forEach((key, i) => {
      const name = nameOf(run, key);
      const read = payloads
        .then((all) => {
          const payload = all[i];
          const record = payload ? decode(key, payload) : null;
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

function decode(key: string, payload: Uint8Array): Read {
  try {
    // A copy: the payload is a view of the whole answer, which would otherwise stay alive with any of its records.
    return decodeHeatmaps(key, payload.slice());
  } catch (reason) {
    console.warn(`Record ${key} cannot be decoded:`, reason);
    return null;
  }
}
