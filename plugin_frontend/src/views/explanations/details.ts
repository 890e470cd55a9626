/** What the enlarged sample shows in place of the plain picture: for some kinds of records, a panel to explore them. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Target } from "../../data/explained.ts";
import type { Kind } from "../../data/kinds.ts";
import type { Explanation } from "./cards.ts";

export type DetailProps = { explanation: Explanation; target: Target };

type Panel = ComponentType<DetailProps>;

/** Each panel loads its code when it is first shown; a new one is a new line here. */
const PANELS: Partial<Record<Kind, () => Promise<Panel>>> = {
  SUPERPIXELS: async () => (await import("./superpixels/SuperpixelPanel.tsx")).SuperpixelPanel,
  OCCLUSION: async () => (await import("./occlusion/OcclusionPanel.tsx")).OcclusionPanel,
  OCCLUSION_PAIRS: async () => (await import("./occlusion/PairPanel.tsx")).PairPanel,
  CLUSTERS: async () => (await import("./clusters/PathPanel.tsx")).PathPanel,
  CORRELATIONS: async () => (await import("./correlations/CorrelationPanel.tsx")).CorrelationPanel,
  RECONSTRUCTIONS: async () => (await import("./reconstructions/ReconstructionPanel.tsx")).ReconstructionPanel,
};

const loaded = new Map<Kind, Panel>();

/** The panel of this kind; `undefined`: it has none, or its code cannot be had; `null`: its code is on its way. */
export function usePanel(kind: Kind | undefined): Panel | null | undefined {
  const [failed, setFailed] = useState<Kind>();
  const [, setArrived] = useState<Kind>();
  useEffect(() => {
    if (!kind || loaded.has(kind)) return;
    let current = true;
    PANELS[kind]?.().then(
      (panel) => {
        loaded.set(kind, panel);
        if (current) setArrived(kind);
      },
      (reason) => {
        console.warn(reason);
        if (current) setFailed(kind); // the plain picture says less, but something
      },
    );
    return () => {
      current = false;
    };
  }, [kind]);
  if (!kind || !PANELS[kind] || failed === kind) return undefined;
  return loaded.get(kind) ?? null;
}
