/** Which panes of the page are open; a matter of the screen, so kept here and not in the link. */
import { signal } from "@preact/signals";
import { bind, kept } from "../state/bindings.ts";

export const sidebarOpen = signal(true);
export const settingsOpen = signal(true);
export const helpOpen = signal(false);
export const problemsOpen = signal(false);

const closed = [(value: string) => (value === "0" ? false : undefined), () => "0"] as const;

export const paneBindings = [
  kept(bind("sidebar", sidebarOpen, true, ...closed)),
  kept(bind("settings", settingsOpen, true, ...closed)),
];
