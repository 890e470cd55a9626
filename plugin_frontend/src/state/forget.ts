/** What is kept of records, and forgotten when everything is read anew. Whoever keeps something says so here, once its code is loaded. */

const keepers = new Set<() => void>();

export function onForget(forget: () => void): void {
  keepers.add(forget);
}

/** Records that could not be read included: they are asked for again. */
export function forgetAll(): void {
  for (const forget of keepers) forget();
}
