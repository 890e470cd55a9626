/** The keys of the page, which rest while a text is typed. */
import { redo, undo } from "../host/link.ts";
import { peeking } from "../state/appearance.ts";
import { follow, moveBy, setFollow, togglePlay } from "../state/timeline.ts";
import { helpOpen, sidebarOpen } from "./panes.ts";

type Command = "previous" | "next";
const listeners = new Set<(command: Command) => void>();

/** Hears of the keys whose meaning is up to the view. Returns what undoes it. */
export function onCommand(listener: (command: Command) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Keys that mean something in the shown view alone. */
const viewKeys = new Map<string, () => void>();

/** Returns what undoes it. */
export function bindKeys(actions: Record<string, () => void>): () => void {
  for (const [key, action] of Object.entries(actions)) viewKeys.set(key, action);
  return () => {
    for (const key of Object.keys(actions)) viewKeys.delete(key);
  };
}

export const TAG_FILTER = "tag-filter";

function tell(command: Command): void {
  for (const listener of listeners) listener(command);
}

const ACTIONS: Record<string, () => void> = {
  ArrowLeft: () => moveBy(-1),
  ArrowRight: () => moveBy(1),
  " ": togglePlay,
  f: () => setFollow(!follow.peek()),
  "[": () => tell("previous"),
  "]": () => tell("next"),
  "/": () => {
    sidebarOpen.value = true;
    requestAnimationFrame(() => document.getElementById(TAG_FILTER)?.focus());
  },
  "?": () => {
    helpOpen.value = true;
  },
};

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || isUsedBy(event.target, event.key)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z") return;
      event.preventDefault();
      event.shiftKey ? redo() : undo();
      return;
    }
    if (key === "o") peeking.value = true;
    const action = ACTIONS[key] ?? viewKeys.get(key);
    if (!action) return;
    event.preventDefault();
    action();
  });
  const stopPeeking = () => {
    peeking.value = false;
  };
  document.addEventListener("keyup", (event) => event.key.toLowerCase() === "o" && stopPeeking());
  window.addEventListener("blur", stopPeeking);
}

/** Whether the focused control itself has a use for the key. */
function isUsedBy(target: EventTarget | null, key: string): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLButtonElement || (target instanceof HTMLElement && target.tagName === "SUMMARY"))
    return key === " ";
  if (!(target instanceof HTMLInputElement)) return false;
  if (target.type === "range") return key.startsWith("Arrow");
  if (target.type === "radio") return key.startsWith("Arrow") || key === " ";
  return isTypedInto(target) || key === " ";
}

/** Whether keys, such as Esc in a search field, are the control's own affair. */
export function isTypedInto(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range"].includes(target.type);
}
