/** The views of the page. Each loads its code when it is first shown; a new view is a new line here. */
import type { ComponentType } from "preact";

export type View = { id: string; title: string; load: () => Promise<ComponentType> };

export const VIEWS: readonly View[] = [
  {
    id: "explanations",
    title: "Explanations",
    load: async () => (await import("./explanations/Explanations.tsx")).Explanations,
  },
];
