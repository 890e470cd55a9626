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
  const [least, most] = [Math.min(...reaches), Math.max(...reaches)];
  return (
    <div data-testid="difference-legend">
      <div class="legend-colours" style={{ background: gradient(diverging.value, gamma.value) }} />
      <div class="legend-ends">
        <span>more in A</span>
        <span>more in B</span>
      </div>
      <p class="hint">
        From −{least} to +{least}
        {most > least && `, where values may speak against the class from −${most} to +${most}`}.
      </p>
    </div>
  );
}
