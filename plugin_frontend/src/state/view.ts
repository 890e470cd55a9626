/** Which view of the page is shown. */
import { signal } from "@preact/signals";

export const VIEW_IDS = ["explanations", "clusters", "projection", "features"] as const;

export type ViewId = (typeof VIEW_IDS)[number];

export const view = signal<ViewId>("explanations");
