/** Which panes of the page are open; a matter of the screen, so kept here and not in the link. */
import { signal } from "@preact/signals";

export const sidebarOpen = signal(true);
export const settingsOpen = signal(true);
export const helpOpen = signal(false);
export const problemsOpen = signal(false);
