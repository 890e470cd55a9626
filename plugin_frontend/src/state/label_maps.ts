/** Label maps, fetched when first drawn and kept by content hash: one serves all steps of a sample, in all runs. */
import { type Signal, signal } from "@preact/signals";
import { fetchLabelMap, Unreachable } from "../data/client.ts";
import type { LabelMap } from "../data/label_maps.ts";
import { Lru } from "../data/lru.ts";
import { reportTrouble, unreachable } from "./reachability.ts";

/** `undefined`: on its way; `null`: it cannot be read. */
type Lookup = LabelMap | null | undefined;

const kept = new Lru<Signal<Lookup>>(64 * 1024 * 1024);

/** What calls this in an effect is called again when the label map has arrived. */
export function labelMap(run: string, hash: string): Lookup {
  if (!hash) return null;
  void unreachable.value; // asks again once the server is back
  const known = kept.get(hash) ?? request(run, hash);
  return known.value;
}

/** So that those which could not be read are asked for again. */
export function forgetLabelMaps(): void {
  kept.clear();
}

function request(run: string, hash: string): Signal<Lookup> {
  const lookup = signal<Lookup>(undefined);
  kept.set(hash, lookup, 0);
  fetchLabelMap(run, hash)
    .then((map) => {
      kept.set(hash, lookup, map.labels.byteLength);
      lookup.value = map;
    })
    .catch((reason: unknown) => {
      if (reason instanceof Unreachable) kept.delete(hash);
      else lookup.value = null;
      reportTrouble(reason);
    });
  return lookup;
}
