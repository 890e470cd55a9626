/** The parts of real images that lie nearest to a cluster's centroid. */
import type { Patch } from "../../data/clusters.ts";
import { className } from "../../state/class_names.ts";
import { compact } from "../explanations/format.ts";
import { StoredPicture } from "../explanations/StoredPicture.tsx";

type Props = { patches: readonly Patch[]; run: string; classes: string };

export function Patches({ patches, run, classes }: Props) {
  if (patches.length === 0) return <p class="hint">No patches were logged.</p>;
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari
    <ul class="patches" role="list" data-testid="patches">
      {patches.map((patch) => (
        <li key={`${patch.sample}:${patch.position}`} class="cluster-patch" data-testid="patch" title={placeOf(patch)}>
          <span class="patch-picture">
            <StoredPicture
              run={run}
              picture={patch.picture}
              label={`Patch of ${className(classes, patch.label)}`}
              side={56}
            />
          </span>
          <span class="patch-label">{patch.label === undefined ? "" : className(classes, patch.label)}</span>
          <span class="patch-distance">{compact(patch.distance)}</span>
        </li>
      ))}
    </ul>
  );
}

function placeOf({ sample, position, starts, stops, distance }: Patch): string {
  const box = starts.map((start, axis) => `${start}–${stops[axis] ?? start}`).join(" × ");
  return `Distance ${compact(distance)} from the centroid. Image ${sample}, position ${position.join(", ")}: pixels ${box}`;
}
