/** The heatmap above an image: a canvas that repaints itself when its map or the appearance changes. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ValueMap } from "../../data/maps.ts";
import { paint } from "../../render/heatmap/overlay.ts";
import { canvasSize } from "../../render/heatmap/upsample.ts";
import { requestPaint, watchCanvas } from "../../render/painter.ts";
import { paintSuperpixels } from "../../render/superpixels/paint.ts";
import { signedTable, unsignedTable } from "../../state/appearance.ts";
import { labelMap } from "../../state/label_maps.ts";
import { chosenOf, superpixelStyle } from "../../state/superpixels.ts";
import { rangeFor } from "./sections.ts";
import { resample } from "./shown_map.ts";

type Props = { map: ValueMap; run: string; method: string; longest: number };

export function Overlay({ map, run, method, longest }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width } = canvasSize(map.height, map.width, longest);

  useEffect(() => (canvas.current ? watchCanvas(canvas.current) : undefined), []);
  useEffect(
    () =>
      effect(() => {
        const paintPixels = painterOf(map, run, method, height, width);
        const element = canvas.current;
        if (!element) return;
        requestPaint(element, () => {
          const context = element.getContext("2d");
          if (!context) return;
          const image = context.createImageData(width, height);
          paintPixels(new Uint32Array(image.data.buffer));
          context.putImageData(image, 0, 0);
        });
      }),
    [map, run, method, height, width],
  );
  return <canvas ref={canvas} class="overlay" width={width} height={height} />;
}

type Paint = (pixels: Uint32Array) => void;

/** What paints the map as it is to look now; until its label map is there, nothing. */
function painterOf(map: ValueMap, run: string, method: string, height: number, width: number): Paint {
  const range = rangeFor(map, method);
  if (map.form !== "superpixels") {
    const table = map.signed ? signedTable.value : unsignedTable.value;
    return (pixels) => paint(resample(map, height, width), range, table, pixels);
  }
  const labels = labelMap(run, map.segments);
  if (!labels) return () => {};
  const chosen = chosenOf(map, range);
  const style = superpixelStyle.value;
  return (pixels) => paintSuperpixels(labels, map, chosen, range, style, height, width, pixels);
}
