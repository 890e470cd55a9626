/** What a browser keeps of the page, by key, for an address that says nothing. Without storage nothing is kept. */
import { batch, effect } from "@preact/signals";
import type { Binding } from "./bindings.ts";

const STORE = "tb_explain.settings";

export function keptSettings(): Map<string, string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    const entries = Object.entries(stored ?? {}).filter(([, value]) => typeof value === "string");
    return new Map(entries as [string, string][]);
  } catch {
    return new Map(); // private mode, a full disk, or what somebody else wrote
  }
}

/** `null`: the default. */
export function keepSettings(changes: Iterable<readonly [string, string | null]>): void {
  const settings = keptSettings();
  for (const [key, value] of changes) value === null ? settings.delete(key) : settings.set(key, value);
  try {
    if (settings.size) localStorage.setItem(STORE, JSON.stringify(Object.fromEntries(settings)));
    else localStorage.removeItem(STORE);
  } catch {
    // Then they hold until the page is closed.
  }
}

let offLink: readonly Binding[] = [];

/** Settings that no link carries: a matter of the screen, restored whatever the address says. Returns what undoes it. */
export function keepOffLink(bindings: readonly Binding[]): () => void {
  offLink = bindings;
  const settings = keptSettings();
  for (const { key, read } of bindings) read(settings.get(key) ?? null);
  const stop = bindings.map(({ key, write }) => {
    let known = write();
    return effect(() => {
      const value = write();
      if (value !== known) keepSettings([[key, value]]);
      known = value;
    });
  });
  return () => {
    for (const dispose of stop) dispose();
  };
}

/** Those that `bindings` are about included. */
export function resetSettings(bindings: readonly Binding[]): void {
  batch(() => {
    for (const { kept, read } of [...bindings, ...offLink]) if (kept) read(null);
  });
  try {
    localStorage.removeItem(STORE); // also what a link hides now
  } catch {
    // Nothing was kept.
  }
}
