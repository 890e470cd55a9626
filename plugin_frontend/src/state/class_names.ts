/** Names of classes, fetched once for each content hash. */
import { signal } from "@preact/signals";
import { fetchClassNames, Unreachable } from "../data/client.ts";
import { reportTrouble } from "./reachability.ts";

const names = signal<ReadonlyMap<string, readonly string[]>>(new Map());
const asked = new Set<string>();

export function requestClassNames(run: string, hash: string): void {
  if (!hash || asked.has(hash)) return;
  asked.add(hash);
  fetchClassNames(run, hash)
    .then((fetched) => {
      names.value = new Map(names.value).set(hash, fetched);
    })
    .catch((reason) => {
      asked.delete(hash); // asked again with the next frame; numbers stand in until then
      if (reason instanceof Unreachable) reportTrouble(reason); // what cannot be read is named by its numbers
    });
}

export function className(hash: string, index: number | undefined): string {
  if (index === undefined) return "unknown";
  if (index < 0) return "no class";
  return names.value.get(hash)?.[index]?.trim() || `class ${index}`;
}

/** `undefined`: not fetched, or there are none. */
export function classNames(hash: string): readonly string[] | undefined {
  return names.value.get(hash);
}
