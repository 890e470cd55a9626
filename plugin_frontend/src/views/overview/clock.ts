/** The time, for "3 min ago": it moves on while somebody looks. */
import { effect, signal } from "@preact/signals";
import { visible } from "../../host/visibility.ts";

const PERIOD = 5_000;

const seconds = () => Date.now() / 1000;

/** In seconds since the epoch, as wall times are. */
export const now = signal(seconds());

/** Returns what ends it. */
export function followClock(): () => void {
  return effect(() => {
    if (!visible.value) return;
    now.value = seconds();
    const timer = setInterval(() => {
      now.value = seconds();
    }, PERIOD);
    return () => clearInterval(timer);
  });
}
