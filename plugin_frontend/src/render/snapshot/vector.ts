/** Inline SVG on a canvas: shapes and texts with their computed style, in the browser's own coordinates. */
import type { Ink } from "./boxes.ts";
import { fontOf } from "./text.ts";

export function paintVector(root: SVGSVGElement, ink: Ink): void {
  for (const child of root.children) if (child instanceof SVGElement) paintShape(child, ink);
}

function paintShape(element: SVGElement, ink: Ink): void {
  const style = getComputedStyle(element);
  if (style.display === "none" || SILENT.has(element.tagName)) return;
  const { context } = ink;
  context.save();
  context.globalAlpha *= Number(style.opacity);
  if (element instanceof SVGTextContentElement) paintLabel(element, style, ink);
  else {
    const path = element instanceof SVGGeometryElement ? pathOf(element) : null;
    if (path) paintPath(element as SVGGeometryElement, path, style, ink);
    for (const child of element.children) if (child instanceof SVGElement) paintShape(child, ink);
  }
  context.restore();
}

const SILENT = new Set(["title", "desc", "defs", "clipPath", "mask"]);

/** On top of the transform that the picture has: SVG's own says where things are on screen. */
function enter(element: SVGGraphicsElement, { context }: Ink): boolean {
  const matrix = element.getScreenCTM();
  if (matrix) context.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
  return matrix !== null;
}

function paintPath(element: SVGGeometryElement, path: Path2D, style: CSSStyleDeclaration, ink: Ink): void {
  const { context } = ink;
  if (style.visibility === "hidden" || !enter(element, ink)) return;
  if (style.fill !== "none") {
    context.save();
    context.globalAlpha *= Number(style.fillOpacity);
    context.fillStyle = "transparent";
    context.fillStyle = style.fill;
    context.fill(path, style.fillRule === "evenodd" ? "evenodd" : "nonzero");
    context.restore();
  }
  const width = Number.parseFloat(style.strokeWidth);
  if (style.stroke === "none" || !(width > 0)) return;
  const matrix = element.getScreenCTM();
  const size = matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) || 1 : 1;
  const unscaled = style.getPropertyValue("vector-effect") === "non-scaling-stroke" ? size : 1;
  context.globalAlpha *= Number(style.strokeOpacity);
  context.strokeStyle = "transparent";
  context.strokeStyle = style.stroke;
  context.lineWidth = width / unscaled;
  context.lineCap = style.strokeLinecap as CanvasLineCap;
  context.lineJoin = style.strokeLinejoin as CanvasLineJoin;
  const dashes = style.strokeDasharray.match(/[\d.]+/g)?.map((dash) => Number(dash) / unscaled) ?? [];
  context.setLineDash(dashes);
  if (unscaled !== 1 && matrix && matrix.a !== matrix.d) strokeEvenly(path, matrix, width, dashes, context);
  else context.stroke(path);
}

/** A line as wide across as along, whatever the drawing's units are. */
function strokeEvenly(
  path: Path2D,
  matrix: DOMMatrix,
  width: number,
  dashes: number[],
  context: CanvasRenderingContext2D,
): void {
  const placed = new Path2D();
  placed.addPath(path, matrix);
  const inverse = matrix.inverse();
  context.transform(inverse.a, inverse.b, inverse.c, inverse.d, inverse.e, inverse.f);
  context.lineWidth = width;
  context.setLineDash(dashes);
  context.stroke(placed);
}

function pathOf(element: SVGGeometryElement): Path2D {
  const number = (name: string) => Number(element.getAttribute(name) ?? 0);
  const path = new Path2D();
  if (element instanceof SVGPathElement) return new Path2D(element.getAttribute("d") ?? "");
  if (element instanceof SVGRectElement) {
    const [width, height] = [element.width.baseVal.value, element.height.baseVal.value];
    path.roundRect(element.x.baseVal.value, element.y.baseVal.value, width, height, number("rx"));
  } else if (element instanceof SVGCircleElement)
    path.arc(element.cx.baseVal.value, element.cy.baseVal.value, element.r.baseVal.value, 0, 2 * Math.PI);
  else if (element instanceof SVGLineElement) {
    path.moveTo(element.x1.baseVal.value, element.y1.baseVal.value);
    path.lineTo(element.x2.baseVal.value, element.y2.baseVal.value);
  } else if (element instanceof SVGPolylineElement || element instanceof SVGPolygonElement) {
    for (const { x, y } of element.points) path.lineTo(x, y);
    if (element instanceof SVGPolygonElement) path.closePath();
  }
  return path;
}

function paintLabel(element: SVGTextContentElement, style: CSSStyleDeclaration, ink: Ink): void {
  const { context } = ink;
  const text = element.textContent ?? "";
  if (!text || element.getNumberOfChars() === 0 || !enter(element, ink)) return;
  const { x, y } = element.getStartPositionOfChar(0); // on the baseline, whatever the anchor is
  context.font = fontOf(style);
  context.fillStyle = style.fill;
  context.fillText(text, x, y);
}
