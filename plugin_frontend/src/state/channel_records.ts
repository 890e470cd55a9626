/** Headers of Channels by run and key, fetched together and kept: those of many steps are small. */

import type { Channels } from "../data/channels.ts";
import { fetchRecords, loadCode } from "../data/client.ts";
import { Lru } from "../data/lru.ts";
import { onForget } from "./forget.ts";

/** Or the sentence that says why it cannot be read. */
type Header = { channels: Channels; problem: "" } | { channels: null; problem: string };

const BUDGET = 32 * 1024 * 1024;

const kept = new Lru<Promise<Header>>(BUDGET);

/** Rejects only while nobody answers. */
export function loadChannels(run: string, keys: readonly string[]): Promise<Header[]> {
  const nameOf = (key: string) => `${run}\n${key}`;
  const missing = keys.filter((key) => kept.get(nameOf(key)) === undefined);
  const answer = missing.length ? ask(run, missing) : null;
  const asked = new Map<string, Promise<Header>>();
  missing.forEach((key, i) => {
    const header = (answer as ReturnType<typeof ask>).then(([payloads, { decodeChannels }]) => {
      const payload = payloads[i];
      if (payload && kept.get(nameOf(key)) === header) kept.set(nameOf(key), header, payload.length);
      return headerOf(payload ?? null, decodeChannels);
    });
    header.catch(() => kept.delete(nameOf(key))); // asked for again
    kept.set(nameOf(key), header, 0);
    asked.set(key, header);
  });
  return Promise.all(keys.map((key) => asked.get(key) ?? (kept.get(nameOf(key)) as Promise<Header>)));
}

onForget(() => kept.clear());

function ask(run: string, keys: readonly string[]) {
  return Promise.all([fetchRecords(run, keys), loadCode(() => import("../data/channels.ts"))]);
}

function headerOf(payload: Uint8Array | null, decode: (payload: Uint8Array) => Channels): Header {
  if (!payload) return { channels: null, problem: "The record cannot be read. It may be damaged on disk." };
  try {
    return { channels: decode(payload.slice()), problem: "" };
  } catch (reason) {
    return { channels: null, problem: reason instanceof Error ? reason.message : String(reason) };
  }
}
