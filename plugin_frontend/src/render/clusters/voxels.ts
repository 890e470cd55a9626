/** Which cluster each voxel of a volume belongs to, by the position of the layer that it lies in. */
import type { ClusterMap } from "../../data/cluster_map.ts";
import type { Volume } from "../../data/volumes.ts";

/** [depth, height, width], row-major, as the volume. */
export function positionsOf(
  { labels, path: { grid } }: Pick<ClusterMap, "labels" | "path">,
  { depth, height, width }: Pick<Volume, "depth" | "height" | "width">,
): Uint16Array {
  const [d = 1, h = 1, w = 1] = grid.length === 3 ? grid : [1, ...grid];
  const cellOf = (at: number, extent: number, cells: number) => Math.floor(((at + 0.5) * cells) / extent);
  const clusters = new Uint16Array(depth * height * width);
  for (let z = 0, at = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      const row = (cellOf(z, depth, d) * h + cellOf(y, height, h)) * w;
      for (let x = 0; x < width; x++, at++) clusters[at] = labels[row + cellOf(x, width, w)] as number;
    }
  return clusters;
}
