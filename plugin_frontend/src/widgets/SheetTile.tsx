/** A picture on a sheet of many, on a canvas: while another one is on its way the one that is drawn stays. */
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { placeOf, type Sheets, sheetHash } from "../data/sheets.ts";
import { lookAt } from "../state/columns.ts";
import { sheet } from "../state/sheets.ts";

type Props = {
  run: string;
  sheets: Sheets;
  index: number;
  /** What it shows, in words; empty: what is around it says so. */
  label: string;
  /** The longer side on screen, in CSS pixels. */
  side: number;
};

export function SheetTile({ run, sheets, index, label, side }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width } = sheets;
  useLayoutEffect(
    () =>
      effect(() => {
        const hashes = lookAt(run, sheets.hashes);
        if (hashes === undefined || !canvas.current) return;
        const { sheet: at, x, y } = placeOf(sheets, index);
        const image = hashes && sheet(run, sheetHash(hashes as Uint8Array, at));
        if (image === undefined) return;
        const context = canvas.current.getContext("2d");
        context?.clearRect(0, 0, width, height);
        if (image) context?.drawImage(image, x, y, width, height, 0, 0, width, height);
        canvas.current.toggleAttribute("data-unreadable", image === null);
        canvas.current.dataset.drawn = String(index);
      }),
    [run, sheets, index, height, width],
  );
  return (
    <canvas
      ref={canvas}
      class={side > 2 * Math.max(height, width) ? "sheet-tile pixelated" : "sheet-tile"}
      width={width}
      height={height}
      role={label ? "img" : undefined}
      aria-label={label || undefined}
      aria-hidden={label ? undefined : true}
    />
  );
}
