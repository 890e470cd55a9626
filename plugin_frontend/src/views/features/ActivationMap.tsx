/** The map of one channel over an image, or alone: a canvas that repaints itself when its values or the appearance change. */
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { imageAddress } from "../../data/client.ts";
import type { Range } from "../../data/maps.ts";
import type { Cells } from "../../render/channels/maps.ts";
import { paint } from "../../render/heatmap/overlay.ts";
import { canvasSize, upsample } from "../../render/heatmap/upsample.ts";
import { alone } from "../../state/features.ts";
import { signedTable, unsignedTable } from "../../state/paints.ts";

type Props = {
  run: string;
  /** Content hash; empty: there is none. */
  image: string;
  /** Of the image in pixels. */
  height: number;
  width: number;
  cells: Cells;
  range: Range;
  signed: boolean;
  label: string;
  /** The longer side on screen, in CSS pixels. */
  side: number;
};

/** Canvas pixels along the longer side of a small picture: what is finer is CSS' to enlarge. */
const FINEST = 112;

export function ActivationMap({ run, image, height, width, cells, range, signed, label, side }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = canvasSize(height, width, Math.min(side, side > 2 * FINEST ? 2 * FINEST : FINEST));

  // Painted before the browser shows it, so that no tile is ever empty while scrolling.
  useLayoutEffect(
    () =>
      effect(() => {
        const table = signed ? signedTable.value : unsignedTable.value;
        const context = canvas.current?.getContext("2d");
        if (!context) return;
        const picture = context.createImageData(size.width, size.height);
        const values = upsample(cells.values, cells.rows, cells.columns, size.height, size.width);
        paint(values, range, table, new Uint32Array(picture.data.buffer));
        context.putImageData(picture, 0, 0);
      }),
    [cells, range, signed, size.height, size.width],
  );
  return (
    <span
      class="activation"
      data-alone={alone.value || !image || undefined}
      style={{ aspectRatio: `${width} / ${height}` }}
    >
      {image && !alone.value && (
        <img
          class={side > 2 * Math.max(height, width) ? "pixelated" : undefined}
          src={imageAddress(run, image)}
          alt=""
          decoding="sync"
          draggable={false}
        />
      )}
      <canvas ref={canvas} class="overlay" width={size.width} height={size.height} role="img" aria-label={label} />
    </span>
  );
}
