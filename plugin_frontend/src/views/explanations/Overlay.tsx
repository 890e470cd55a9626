/** The heatmap above an image: a canvas that repaints itself when its map or the appearance changes. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { AttributionMap } from "../../data/heatmaps.ts";
import { Lru } from "../../data/lru.ts";
import { paint } from "../../render/heatmap/overlay.ts";
import { canvasSize, upsample } from "../../render/heatmap/upsample.ts";
import { signedTable, unsignedTable } from "../../state/appearance.ts";
import { requestPaint, watchCanvas } from "./painter.ts";
import { rangeFor } from "./sections.ts";

/** Upsampled maps: what a slider's every move would otherwise compute anew. */
const upsampled = new Lru<Float32Array>(64 * 1024 * 1024);

export function resample(map: AttributionMap, height: number, width: number): Float32Array {
  const name = `${map.id}/${height}x${width}`;
  const known = upsampled.get(name);
  if (known) return known;
  const values = upsample(map.values, map.rows, map.columns, height, width);
  upsampled.set(name, values, values.byteLength);
  return values;
}

type Props = { map: AttributionMap; method: string; longest: number };

export function Overlay({ map, method, longest }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width } = canvasSize(map.height, map.width, longest);

  useEffect(() => (canvas.current ? watchCanvas(canvas.current) : undefined), []);
  useEffect(
    () =>
      effect(() => {
        const table = map.signed ? signedTable.value : unsignedTable.value;
        const range = rangeFor(map, method);
        const element = canvas.current;
        if (!element) return;
        requestPaint(element, () => {
          const context = element.getContext("2d");
          if (!context) return;
          const image = context.createImageData(width, height);
          paint(resample(map, height, width), range, table, new Uint32Array(image.data.buffer));
          context.putImageData(image, 0, 0);
        });
      }),
    [map, method, height, width],
  );
  return <canvas ref={canvas} class="overlay" width={width} height={height} />;
}
