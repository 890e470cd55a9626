/**
 * What is on screen, on a canvas: the page's own elements as the browser laid them out, with their grounds, borders, texts,
 * images, canvases and drawings. No foreign content, no transforms but turned marks, no shadows but rings: the page has no others.
 */
import { apart, type Box, type Ink, paintBox, roundPath, snapped } from "./boxes.ts";
import { paintControl } from "./controls.ts";
import { BEFORE_COPY } from "./copying.ts";
import { paintText } from "./text.ts";
import { paintVector } from "./vector.ts";

export function paintElement(element: Element, ink: Ink, skip: string, end: number | null = null): void {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.clipPath === "inset(50%)" || element.matches(skip)) return;
  const { context, scale, visible } = ink;
  const found = element.getBoundingClientRect();
  if (found.width > 0 && found.height > 0 && apart(found, visible)) return;
  const box = snapped(found, scale);
  context.save();
  context.globalAlpha *= Number(style.opacity);
  if (style.visibility !== "hidden" && element instanceof HTMLElement && style.display !== "contents") {
    if (turned(element, style, found, ink)) {
      context.restore();
      return;
    }
    paintBox(style, box, ink);
    paintContent(element, style, box, ink);
    for (const which of ["::before", "::after"] as const) paintMark(element, which, box, ink);
  }
  if (cuts(style)) context.clip(roundPath(style, box));
  if (element instanceof SVGSVGElement) paintVector(element, ink);
  else {
    const limit = style.textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth;
    paintChildren(element, style, ink, skip, limit ? box.left + element.clientLeft + element.clientWidth : end);
  }
  context.restore();
}

function paintChildren(element: Element, style: CSSStyleDeclaration, ink: Ink, skip: string, end: number | null): void {
  const above: { child: Element; level: number }[] = [];
  for (const child of element.childNodes) {
    if (child instanceof Text) {
      if (style.visibility !== "hidden") paintText(child, style, ink, end);
    } else if (child instanceof Element) {
      const { position, zIndex } = getComputedStyle(child);
      if (position === "static") paintElement(child, ink, skip, end);
      else above.push({ child, level: Number(zIndex) || 0 });
    }
  }
  for (const { child } of above.sort((a, b) => a.level - b.level)) paintElement(child, ink, skip, end);
}

function cuts({ overflowX, overflowY }: CSSStyleDeclaration): boolean {
  return overflowX !== "visible" || overflowY !== "visible";
}

function paintContent(element: HTMLElement, style: CSSStyleDeclaration, box: Box, ink: Ink): void {
  if (element instanceof HTMLImageElement) {
    if (element.complete && element.naturalWidth)
      copy(element, element.naturalWidth, element.naturalHeight, style, box, ink);
  } else if (element instanceof HTMLCanvasElement) {
    element.dispatchEvent(new Event(BEFORE_COPY));
    if (element.width && element.height) copy(element, element.width, element.height, style, box, ink);
  } else paintControl(element, style, box, ink);
}

function copy(
  source: HTMLImageElement | HTMLCanvasElement,
  width: number,
  height: number,
  style: CSSStyleDeclaration,
  box: Box,
  { context, scale }: Ink,
): void {
  const fits = { contain: Math.min, cover: Math.max }[style.objectFit as string];
  const ratio = fits?.(box.width / width, box.height / height);
  const place = ratio
    ? {
        left: box.left + (box.width - ratio * width) / 2,
        top: box.top + (box.height - ratio * height) / 2,
        width: ratio * width,
        height: ratio * height,
      }
    : box;
  const { left, top, width: w, height: h } = snapped(place, scale);
  context.save();
  context.clip(roundPath(style, box));
  context.imageSmoothingEnabled = !/pixelated|crisp/.test(style.imageRendering);
  context.drawImage(source, left, top, w, h);
  context.restore();
}

/** A mark that stands on a corner has no box on screen; its own, turned around its middle, is painted instead. */
function turned(element: HTMLElement, style: CSSStyleDeclaration, found: DOMRect, ink: Ink): boolean {
  if (style.transform === "none" || element.childElementCount > 0) return false;
  const { a, b, c, d } = new DOMMatrix(style.transform);
  if (b === 0 && c === 0) return false;
  const { offsetWidth: width, offsetHeight: height } = element;
  const { context } = ink;
  context.save();
  context.translate(found.left + found.width / 2, found.top + found.height / 2);
  context.transform(a, b, c, d, 0, 0);
  paintBox(style, { left: -width / 2, top: -height / 2, width, height }, ink);
  context.restore();
  return true;
}

/** What CSS draws before or after an element's content: marks of legends, which lie at its start or where they are put. */
function paintMark(element: HTMLElement, which: "::before" | "::after", box: Box, ink: Ink): void {
  const style = getComputedStyle(element, which);
  if (style.content === "none" || style.content === "normal" || style.display === "none") return;
  const length = (text: string) => Number.parseFloat(text);
  const [width, height] = [length(style.width), length(style.height)];
  if (!(width > 0) || !(height >= 0)) return;
  const free = style.position === "absolute";
  const own = getComputedStyle(element);
  const left = free ? length(style.left) : length(own.paddingLeft);
  const top = free ? length(style.top) : (box.height - height) / 2;
  const outer = style.boxSizing === "border-box" ? 0 : length(style.borderTopWidth) + length(style.borderBottomWidth);
  paintBox(style, { left: box.left + left, top: box.top + top, width, height: height + outer }, ink);
}
