/** The map above an image: a canvas that repaints itself when its map or the appearance changes. */
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { ClusterMap } from "../../data/cluster_map.ts";
import type { Range, ValueMap } from "../../data/maps.ts";
import { paintClusters } from "../../render/clusters/paint.ts";
import { cellsOf } from "../../render/clusters/project.ts";
import { paint } from "../../render/heatmap/overlay.ts";
import { canvasSize } from "../../render/heatmap/upsample.ts";
import { paintSuperpixels } from "../../render/superpixels/paint.ts";
import { litIn } from "../../state/clusters.ts";
import { labelMap } from "../../state/label_maps.ts";
import { chosenOf, clusterStyle, signedTable, superpixelStyle, unsignedTable } from "../../state/paints.ts";
import { methodOf, type Series } from "../../state/series.ts";
import { fill, usePainting } from "../../widgets/painting.ts";
import { rangeFor } from "./sections.ts";
import { resample } from "./shown_map.ts";

type Drawn = ValueMap | ClusterMap;

type Props = {
  map: Drawn;
  series: Series;
  longest: number;
  /** By which it is normalised, when not as in the view of attribution maps. */
  range?: Range | undefined;
  label?: string | undefined;
};

export function Overlay({ map, series, longest, range, label }: Props) {
  const { height, width } = sizeOf(map, longest);
  const painter = useMemo(
    () => painterOf(map, series, range, height, width),
    [map, series, range?.low, range?.high, height, width],
  );
  const canvas = usePainting(() => {
    const paintPixels = painter();
    return (element) => fill(element, { height, width }, paintPixels);
  }, [painter]);
  const cells = map.form === "clusters";
  return (
    <canvas
      ref={canvas}
      class={cells ? "overlay pixelated" : "overlay"}
      width={width}
      height={height}
      role={label ? "img" : undefined}
      aria-label={label}
    />
  );
}

type Paint = (pixels: Uint32Array) => void;

/** Gives, in an effect, what paints the map as it is to look now. */
function painterOf(map: Drawn, series: Series, given: Range | undefined, height: number, width: number): () => Paint {
  const { run, tag } = series;
  if (map.form === "clusters") {
    const lit = computed(() => litIn(run, tag, map.way, map.path)); // pointing at another map's clusters repaints nothing here
    return () => {
      const style = clusterStyle(map.path, lit.value);
      return (pixels) => paintClusters(cellsOf(map).labels, style, pixels);
    };
  }
  return () => {
    const range = given ?? rangeFor(map, methodOf(series));
    if (map.form !== "superpixels") {
      const table = map.signed ? signedTable.value : unsignedTable.value;
      return (pixels) => paint(resample(map, height, width), range, table, pixels);
    }
    const labels = labelMap(run, map.segments);
    if (!labels) return () => {}; // called again when it has arrived
    const chosen = chosenOf(map, range);
    const style = superpixelStyle.value;
    return (pixels) => paintSuperpixels(labels, map, chosen, range, style, height, width, pixels);
  };
}

/** Of the canvas. Clusters have one pixel a cell, which CSS enlarges without smoothing. */
function sizeOf(map: Drawn, longest: number): { height: number; width: number } {
  if (map.form !== "clusters") return canvasSize(map.height, map.width, longest);
  const { rows, columns } = cellsOf(map);
  return { height: rows, width: columns };
}
