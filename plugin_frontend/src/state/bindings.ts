/** How a signal stands in the page's address. A room of `state/` declares its own, beside its signals; `link_state.ts` gathers them. */
import type { Signal } from "@preact/signals";

/**
 * What a change means for the browser's Back: `choice`, a history entry of its own; `typed`, one entry for a whole text;
 * `adjusted`, none: a slider, a camera.
 */
type Weight = "choice" | "typed" | "adjusted";

export type Binding = {
  key: string;
  /** `null`: the default, not in the link. */
  write: () => string | null;
  read: (text: string | null) => void;
  weight: Weight;
  /** Kept per browser, for addresses that say nothing. */
  kept: boolean;
};

/** A signal whose default is not written, and whose values `parse` takes or declines with `undefined`. */
export function bind<Value>(
  key: string,
  signal: Signal<Value>,
  byDefault: Value,
  parse: (text: string) => Value | undefined,
  format: (value: Value) => string = String,
): Binding {
  return {
    key,
    write: () => (signal.value === byDefault ? null : format(signal.value)),
    read: (text) => {
      signal.value = (text === null ? undefined : parse(text)) ?? byDefault;
    },
    weight: "choice",
    kept: false,
  };
}

export const adjusted = (binding: Binding): Binding => ({ ...binding, weight: "adjusted" });
export const typed = (binding: Binding): Binding => ({ ...binding, weight: "typed" });
export const kept = (binding: Binding): Binding => ({ ...binding, kept: true });

export function between(low: number, high: number) {
  return (text: string): number | undefined => {
    const value = Number(text);
    return text !== "" && value >= low && value <= high ? value : undefined;
  };
}

export function oneOf<Name extends string>(names: readonly string[]) {
  return (text: string): Name | undefined => (names.includes(text) ? (text as Name) : undefined);
}

export const whole = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
export const text = (value: string) => value;
/** Of a text or nothing. */
export const orNothing = (value: string | null) => value ?? "";
/** How a choice that is off by default is read and written. */
export const flag = [(value: string) => (value === "1" ? true : undefined), () => "1"] as const;

const formatNames = (names: ReadonlySet<string> | null) => [...(names ?? [])].map(encodeURIComponent).join(",");

function parseNames(list: string): ReadonlySet<string> | undefined {
  try {
    return new Set(list.split(",").filter(Boolean).map(decodeURIComponent));
  } catch {
    return undefined;
  }
}

/** How a set of names that is chosen by default otherwise is read and written. */
export const nameSet = [parseNames, formatNames] as const;
