/** Whether the server answers; what is shown stays while it does not. */
import { signal } from "@preact/signals";
import { Unreachable } from "../data/client.ts";

export const unreachable = signal<string | null>(null);

export function reportReachable(): void {
  unreachable.value = null;
}

/** A request that was declined is not a question of reachability: the run may just have been deleted. */
export function reportTrouble(reason: unknown): void {
  if (reason instanceof Unreachable) unreachable.value = reason.message;
  else console.warn(reason);
}
