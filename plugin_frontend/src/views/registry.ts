/** The views of the page. Each loads its code when it is first shown; a new view is a name in state/view.ts and a line here. */
import type { ComponentType } from "preact";
import type { ViewId } from "../state/view.ts";

type View = { id: ViewId; title: string; load: () => Promise<ComponentType> };

export const VIEWS: readonly View[] = [
  {
    id: "overview",
    title: "Overview",
    load: async () => (await import("./overview/Overview.tsx")).Overview,
  },
  {
    id: "explanations",
    title: "Explanations",
    load: async () => (await import("./explanations/Explanations.tsx")).Explanations,
  },
  {
    id: "sample",
    title: "Sample",
    load: async () => (await import("./sample/Sample.tsx")).Sample,
  },
  {
    id: "clusters",
    title: "Clusters",
    load: async () => (await import("./clusters/Clusters.tsx")).Clusters,
  },
  {
    id: "projection",
    title: "Projection",
    load: async () => (await import("./projection/Projection.tsx")).Projection,
  },
  {
    id: "features",
    title: "Features",
    load: async () => (await import("./features/Features.tsx")).Features,
  },
  {
    id: "compare",
    title: "Compare",
    load: async () => (await import("./compare/Compare.tsx")).Compare,
  },
];
