/** The difference of a pair of maps, B less A, on a canvas that repaints itself when its maps or the appearance change. */
import { computed, useSignal } from "@preact/signals";
import type { TargetedPointerEvent } from "preact";
import { hasValues, type ValueMap } from "../../data/maps.ts";
import { difference, differenceTable, largestDifference, paintDifference } from "../../render/compare/difference.ts";
import { valuesOn } from "../../render/compare/rasters.ts";
import { palette } from "../../render/heatmap/lut.ts";
import { canvasSize } from "../../render/heatmap/upsample.ts";
import { diverging, gamma } from "../../state/appearance.ts";
import { fill, usePainting } from "../../widgets/painting.ts";
import { compact } from "../explanations/format.ts";
import { resample, shownMap } from "../explanations/shown_map.ts";
import { placedOn } from "./likeness.ts";
import { type MapPair, sameSubject } from "./pairs.ts";
import { rangeIn } from "./shown.ts";

/** One for all pictures: it has a colour for each of 65535 levels. */
const table = computed(() => differenceTable(palette(diverging.value), gamma.value));

/** Whether the pair has maps of values of the same thing; what has no values has no difference. */
export function differs(pair: MapPair): boolean {
  const maps = mapsOf(pair);
  return maps !== null && sameSubject(pair);
}

export function mapsOf({ a, b }: MapPair): { a: ValueMap; b: ValueMap } | null {
  const [first, second] = [a.target && shownMap(a.target), b.target && shownMap(b.target)];
  return first && second && hasValues(first) && hasValues(second) ? { a: first, b: second } : null;
}

/** Computes the difference on a raster, when it is needed; `null`: label maps are on their way, or cannot be read. */
function differenceOf(
  pair: MapPair,
  height: number,
  width: number,
): { largest: number; values: () => Float32Array } | null {
  const maps = mapsOf(pair);
  const a = maps && valuesAt(maps.a, pair.series.a.series.run, height, width);
  const b = maps && valuesAt(maps.b, pair.series.b.series.run, height, width);
  if (!a || !b) return null;
  const scaleOf = (map: ValueMap) => ({ range: rangeIn(pair, map), signed: map.signed });
  const [scaleA, scaleB] = [scaleOf(maps.a), scaleOf(maps.b)];
  return { largest: largestDifference(maps.a, maps.b), values: () => difference(a(), b(), scaleA, scaleB) };
}

function valuesAt(map: ValueMap, run: string, height: number, width: number): (() => Float32Array) | null {
  if (map.form !== "superpixels") return () => resample(map, height, width);
  const placed = placedOn(map, run);
  return placed ? () => valuesOn(placed, { rows: height, columns: width }) : null;
}

export function DifferencePicture({ pair, longest }: { pair: MapPair; longest: number }) {
  const reading = useSignal<string | null>(null);
  const { record } = pair.a.explanation;
  const maps = mapsOf(pair);
  const size = canvasSize(record.height, record.width, longest);
  const { height, width } = size;

  const canvas = usePainting(() => {
    const colours = table.value;
    const found = differenceOf(pair, height, width);
    return (
      found &&
      ((element) => fill(element, size, (pixels) => paintDifference(found.values(), found.largest, colours, pixels)))
    );
  }, [maps?.a, maps?.b, height, width]);

  const readValue = (event: TargetedPointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const value = differenceOf(pair, height, width)?.values()[row * width + column];
    reading.value = value === undefined ? null : compact(value);
  };
  return (
    <span class="side-picture" data-side="difference">
      <span
        class="picture"
        style={{ aspectRatio: `${record.width} / ${record.height}`, "--ratio": record.width / record.height }}
        onPointerMove={readValue}
        onPointerLeave={() => {
          reading.value = null;
        }}
      >
        <canvas
          ref={canvas}
          class="difference"
          width={width}
          height={height}
          role="img"
          aria-label="Difference of the maps, B less A"
        />
        {reading.value !== null && <span class="readout">{reading.value}</span>}
      </span>
      <span class="badges">
        <span class="side-mark" data-side="difference">
          B − A
        </span>
      </span>
    </span>
  );
}
