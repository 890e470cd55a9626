/** The voxels of a sample in space, each in the colour of the cluster that its position in the layer belongs to. */
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { ClusterMap } from "../../../data/cluster_map.ts";
import type { Volume } from "../../../data/volumes.ts";
import { dark } from "../../../host/theme.ts";
import { positionsOf } from "../../../render/clusters/voxels.ts";
import { litIn, shownClusters } from "../../../state/clusters.ts";
import { colourOf } from "../../../state/paints.ts";
import type { Series } from "../../../state/series.ts";
import { volume } from "../../../state/volumes.ts";
import { VoxelView } from "../StoredPicture.tsx";

type Props = { series: Series; map: ClusterMap; hash: string; side: number };

export function LayerVoxels({ series, map, hash, side }: Props) {
  const voxels = volume(series.run, hash);
  const space = <span class="layer-voxels" style={{ width: `${side}px`, height: `${side}px` }} />;
  if (voxels === undefined) return space; // on its way
  return voxels && <Coloured series={series} map={map} voxels={voxels} side={side} />;
}

function Coloured({ series: { run, tag }, map, voxels, side }: Omit<Props, "hash"> & { voxels: Volume }) {
  const colours = useMemo(() => {
    const { path, way } = map;
    const clusters = positionsOf(map, voxels);
    const table = computed(() => {
      const lit = litIn(run, tag, way, path);
      const shown = lit === null ? shownClusters(path) : path.ids.map((_, c) => c === lit);
      const rest = dark.value ? 0x5a5a5a : 0xd8d8d8;
      return path.ids.map((_, c) => (shown[c] ? Number.parseInt(colourOf(path, c).slice(1), 16) : rest));
    });
    return (voxel: number) => table.value[clusters[voxel] as number] as number;
  }, [map, voxels, run, tag]);
  return (
    <span class="layer-voxels" style={{ width: `${side}px`, height: `${side}px` }} data-testid="layer-voxels">
      <VoxelView volume={voxels} label="Voxels by cluster" colours={colours} side={side} />
    </span>
  );
}
