/** What the colours of differences stand for. */
import { largestDifference } from "../../render/compare/difference.ts";
import { gradient } from "../../render/heatmap/lut.ts";
import { diverging, gamma } from "../../state/appearance.ts";
import { mapsOf } from "./DifferencePicture.tsx";
import type { MapPair } from "./pairs.ts";

export function DifferenceLegend({ pairs }: { pairs: readonly MapPair[] }) {
  const reaches = new Set(
    pairs.flatMap((pair) => {
      const maps = mapsOf(pair);
      return maps ? [largestDifference(maps.a, maps.b)] : [];
    }),
  );
  if (reaches.size === 0) return null;
  return (
    <div class="legend-bar" data-testid="difference-legend">
      <div class="legend-colours" style={{ background: gradient(diverging.value, gamma.value) }} />
      {[...reaches].sort().map((largest) => (
        <div key={largest} class="legend-ends">
          <span>−{largest} more in A</span>
          <span>0</span>
          <span>more in B +{largest}</span>
        </div>
      ))}
      {reaches.size > 1 && <p class="hint">±1 where no value speaks against the class, else ±2.</p>}
    </div>
  );
}
