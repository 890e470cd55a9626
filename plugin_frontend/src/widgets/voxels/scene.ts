/** Draws voxels in the box of their grid on a canvas. */
import { type Projection, place, type Vector } from "../../render/voxels/camera.ts";
import type { Box } from "../../render/voxels/grid.ts";
import { type Colour, paintVoxels } from "../../render/voxels/paint.ts";
import type { Surface } from "../../render/voxels/surface.ts";

/** A painted picture on its way to a canvas that has something else on it: lines. */
let painted: HTMLCanvasElement | undefined;

export function drawScene(
  canvas: HTMLCanvasElement,
  surface: Surface,
  projection: Projection,
  colourOf: (voxel: number) => Colour,
  framed: Box | undefined,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { width, height } = canvas;
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, width, height);
  strokeBox(context, projection, { from: [0, 0, 0], to: surface.size }, "behind", style.getPropertyValue("--track"), 2);

  painted ??= document.createElement("canvas");
  painted.width = width;
  painted.height = height;
  const layer = painted.getContext("2d");
  if (!layer) return;
  const image = layer.createImageData(width, height);
  paintVoxels(surface, projection, colourOf, new Uint32Array(image.data.buffer), width, height);
  layer.putImageData(image, 0, 0);
  context.drawImage(painted, 0, 0);

  if (framed) {
    const accent = style.getPropertyValue("--accent");
    context.globalAlpha = 0.45;
    strokeBox(context, projection, framed, "behind", accent, 3);
    context.globalAlpha = 1;
    strokeBox(context, projection, framed, "before", accent, 4);
  }
}

/** The edges of a box that end at its nearest corner or between it and the farthest, or those behind. */
function strokeBox(
  context: CanvasRenderingContext2D,
  projection: Projection,
  { from, to }: Box,
  which: "behind" | "before",
  colour: string,
  thickness: number,
): void {
  const corners = Array.from({ length: 8 }, (_, i) =>
    place(projection, [i & 1 ? to[0] : from[0], i & 2 ? to[1] : from[1], i & 4 ? to[2] : from[2]] as Vector),
  );
  // Of two opposite corners one is the nearest where each axis points to the viewer or away from him.
  const nearest = projection.axes.reduce((corner, [, , near], axis) => corner | (near > 0 ? 1 << axis : 0), 0);
  const special = which === "behind" ? nearest : 7 - nearest;
  context.beginPath();
  for (let corner = 0; corner < 8; corner++)
    for (const axis of [1, 2, 4]) {
      const other = corner | axis;
      if (other === corner || corner === special || other === special) continue;
      const [x0, y0] = corners[corner] as Vector;
      const [x1, y1] = corners[other] as Vector;
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  context.lineJoin = "round";
  context.stroke();
}
