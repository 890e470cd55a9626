/** Keeps what is shown until what replaces it has arrived. */
import { useRef } from "preact/hooks";
import type { Lookup } from "../../state/blobs.ts";

/** `value`; while that is on its way, what was there before, as long as it was there for the same `subject`. */
export function useKept<Value>(value: Lookup<Value>, subject: string): Lookup<Value> {
  const kept = useRef<{ subject: string; value: Lookup<Value> }>({ subject, value });
  if (value !== undefined || kept.current.subject !== subject) kept.current = { subject, value };
  return kept.current.value;
}
