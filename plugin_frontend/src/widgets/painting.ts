/** Paints a canvas, and paints it anew when what that reads of signals changes. */
import { effect } from "@preact/signals";
import { type Inputs, useEffect, useRef } from "preact/hooks";
import { requestPaint, watchCanvas } from "../render/painter.ts";

/** `prepare` reads what is followed, and gives what paints once the canvas is near the screen; `null`: it stays as it is. */
export function usePainting(prepare: () => ((canvas: HTMLCanvasElement) => void) | null, inputs: Inputs) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvas.current ? watchCanvas(canvas.current) : undefined), []);
  useEffect(
    () =>
      effect(() => {
        const paint = prepare();
        const element = canvas.current;
        if (element && paint) requestPaint(element, () => paint(element));
      }),
    inputs,
  );
  return canvas;
}

type Size = { height: number; width: number };

/** Fills a canvas with as many pixels, 0xAABBGGRR each. */
export function fill(canvas: HTMLCanvasElement, { height, width }: Size, paint: (pixels: Uint32Array) => void): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(width, height);
  paint(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}
