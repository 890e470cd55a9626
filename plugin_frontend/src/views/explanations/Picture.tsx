/** An explained image with the map of one target above it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, TargetedPointerEvent } from "preact";
import { useEffect } from "preact/hooks";
import { imageAddress } from "../../data/client.ts";
import type { Target } from "../../data/explained.ts";
import type { AttributionMap, Range } from "../../data/maps.ts";
import { mode } from "../../state/appearance.ts";
import { seriesNames } from "../../state/series.ts";
import { outlines, superpixelMode } from "../../state/superpixels.ts";
import { clusterReading, mapSummary, pointAt } from "../clusters/reading.ts";
import type { Explanation } from "./cards.ts";
import { compact } from "./format.ts";
import { Outlines } from "./Outlines.tsx";
import { Overlay } from "./Overlay.tsx";
import { problemOf, shownMap, valueAt } from "./shown_map.ts";

type Props = {
  explanation: Explanation;
  /** `null`: the image alone. */
  target: Target | null;
  /** Another map than that of the target. */
  map?: AttributionMap;
  /** By which the map is normalised, when not as in the view of attribution maps. */
  range?: Range | undefined;
  /** The longer side of the canvas. */
  longest: number;
  /** The longer side on screen: small images are enlarged without smoothing. */
  shownAt: number;
  note?: string | undefined;
  /** Whether the value under the pointer is shown. */
  readout?: boolean;
  /** What lies above the heatmap. */
  children?: ComponentChildren;
};

export function Picture(props: Props) {
  const { explanation, target, map: given, range, longest, shownAt, note, readout = true, children } = props;
  const { sample, record, frame } = explanation;
  const { run } = frame.series;
  const map = given ?? (target && shownMap(target));
  const problem = note ?? (map ? problemOf(map, run) : undefined);
  const reading = useSignal<string | null>(null);
  const enlarged = shownAt > 3 * Math.max(record.width, record.height);

  const readValue = (event: TargetedPointerEvent<HTMLElement>) => {
    if (!map || map.form === "picture" || !readout) return;
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    if (map.form === "clusters") {
      pointAt(frame.series, map, x, y);
      reading.value = clusterReading(map, x, y, record.classes);
    } else {
      const value = valueAt(map, run, x, y, longest);
      reading.value = value === null ? null : compact(value);
    }
  };
  const stopReading = () => {
    if (reading.peek() === null) return;
    reading.value = null;
    if (map?.form === "clusters") pointAt(frame.series, null);
  };
  useEffect(() => stopReading, []); // gone from under the pointer

  return (
    <span
      class="picture"
      data-mode={map && modeOf(map)}
      data-dimmed={problem ? "" : undefined}
      data-voxels={sample.volume ? "" : undefined}
      style={{ aspectRatio: `${record.width} / ${record.height}`, "--ratio": record.width / record.height }}
      onPointerMove={readValue}
      onPointerLeave={stopReading}
    >
      {sample.image ? (
        <img
          class={enlarged ? "pixelated" : undefined}
          src={imageAddress(run, sample.image)}
          alt={sample.name || "explained image"}
          loading="lazy"
          decoding="async"
          draggable={false}
        />
      ) : (
        <span class="no-image">no image logged</span>
      )}
      {map?.form === "picture" && map.picture.image && (
        <img
          class={enlarged ? "own-picture pixelated" : "own-picture"}
          src={imageAddress(run, map.picture.image)}
          alt={seriesNames.value(frame.series)}
          loading="lazy"
          decoding="async"
          draggable={false}
        />
      )}
      {map && map.form !== "picture" && !problem && (
        <Overlay
          map={map}
          series={frame.series}
          longest={longest}
          range={range}
          label={map.form === "clusters" ? mapSummary(map, record.classes) : undefined}
        />
      )}
      {map?.form === "superpixels" && outlines.value && <Outlines map={map} run={run} />}
      {children}
      {problem && <span class="picture-note">{problem}</span>}
      {reading.value !== null && <span class="readout">{reading.value}</span>}
    </span>
  );
}

function modeOf(map: AttributionMap) {
  if (map.form === "clusters") return "overlay";
  return map.form === "superpixels" ? superpixelMode.value : mode.value;
}
