/** A picture of a part of the page, at the screen's resolution: a line that says what it shows, the part, and its legends. */
import { type Box, type Ink, snapped } from "./boxes.ts";
import { paintElement } from "./paint.ts";

type Wanted = {
  root: Element;
  /** The part of it that is copied. */
  region: Box;
  /** What of it is not, as a selector. */
  skip: string;
  /** Shown below the part: what lies elsewhere on the page. */
  legends: readonly Element[];
  caption: readonly string[];
};

const CAPTION_HEIGHT = 32;
const MARGIN = 16;

export function pictureOf({ root, region: asked, skip, legends, caption }: Wanted): HTMLCanvasElement {
  const scale = devicePixelRatio || 1;
  const region = snapped(asked, scale);
  const boxes = legends.map((legend) => snapped(legend.getBoundingClientRect(), scale));
  const below = boxes.length ? Math.max(...boxes.map(({ height }) => height)) + 2 * MARGIN : 0;
  const across = boxes.reduce((sum, { width }) => sum + width + MARGIN, MARGIN);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(Math.max(region.width, boxes.length ? across : 0) * scale);
  canvas.height = Math.round((CAPTION_HEIGHT + region.height + below) * scale);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser has no canvas left.");
  context.scale(scale, scale);
  const style = getComputedStyle(document.body);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  write(context, caption, style);
  const put = (element: Element, from: Box, x: number, y: number, skipped: string) => {
    context.save();
    context.beginPath();
    context.rect(x, y, from.width, from.height);
    context.clip();
    context.translate(x - from.left, y - from.top);
    const ink: Ink = { context, scale, visible: from };
    paintElement(element, ink, skipped);
    context.restore();
  };
  put(root, region, 0, CAPTION_HEIGHT, skip);
  let x = MARGIN;
  legends.forEach((legend, i) => {
    const box = boxes[i] as Box;
    put(legend, box, x, CAPTION_HEIGHT + region.height + MARGIN, ":not(*)");
    x += box.width + MARGIN;
  });
  return canvas;
}

/** Its first part stands out. */
function write(context: CanvasRenderingContext2D, parts: readonly string[], style: CSSStyleDeclaration): void {
  let x = MARGIN;
  context.fillStyle = style.color;
  parts.forEach((part, i) => {
    context.font = `${i === 0 ? 500 : 400} 13px ${style.fontFamily}`;
    context.fillText(part, x, CAPTION_HEIGHT / 2 + 5);
    x += context.measureText(part).width + MARGIN;
  });
}
