/** The borders between the superpixels of a map, above its image. */
import type { SuperpixelMap } from "../../data/maps.ts";
import { allOutlines } from "../../render/superpixels/geometry.ts";
import { labelMap } from "../../state/label_maps.ts";

export function Outlines({ map, run }: { map: SuperpixelMap; run: string }) {
  const labels = labelMap(run, map.segments);
  if (!labels) return null;
  const path = allOutlines(labels);
  return (
    <svg class="layer" viewBox={`0 0 ${labels.width} ${labels.height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="border-casing" d={path} />
      <path class="border" d={path} />
    </svg>
  );
}
