/** Which view of the page is shown. */
import { signal } from "@preact/signals";
import { bind, oneOf } from "./bindings.ts";

export const VIEW_IDS = [
  "overview",
  "explanations",
  "sample",
  "clusters",
  "projection",
  "features",
  "compare",
] as const;

export type ViewId = (typeof VIEW_IDS)[number];

export const view = signal<ViewId>("overview");

export const viewBindings = [bind("view", view, "overview", oneOf<ViewId>(VIEW_IDS))];
