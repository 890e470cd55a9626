/** The texts of elements on a canvas: every word where the browser put it. */
import { apart, type Ink } from "./boxes.ts";

export function fontOf({ fontStyle, fontWeight, fontSize, fontFamily }: CSSStyleDeclaration): string {
  return `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
}

/** `end`: where a text that does not fit is cut off by an ellipsis. */
export function paintText(node: Text, style: CSSStyleDeclaration, ink: Ink, end: number | null): void {
  const { context, visible } = ink;
  const range = document.createRange();
  context.font = fontOf(style);
  context.fillStyle = style.color;
  const written = casing(style);
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    for (const [from, to] of lines(node, range, index, index + word.length)) {
      range.setStart(node, from);
      range.setEnd(node, to);
      const box = range.getBoundingClientRect();
      if (apart(box, visible)) continue;
      const text = written(node.data.slice(from, to));
      const y = baseline(context, box.top, box.height);
      if (end === null || box.right <= end + 0.5) context.fillText(text, box.left, y);
      else if (box.left < end) {
        context.fillText(`${fitting(context, text, end - box.left)}…`, box.left, y);
        return;
      } else return;
    }
  }
}

/** Of a line of text of this height. */
export function baseline(context: CanvasRenderingContext2D, top: number, height: number): number {
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText("x");
  return top + (height - ascent - descent) / 2 + ascent;
}

/** A word's parts, a line each: one part unless it is too long for a line. */
function* lines(node: Text, range: Range, from: number, to: number): Generator<[number, number]> {
  range.setStart(node, from);
  range.setEnd(node, to);
  if (range.getClientRects().length <= 1) {
    yield [from, to];
    return;
  }
  let start = from;
  let top: number | undefined;
  for (let at = from; at < to; at++) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const box = range.getBoundingClientRect();
    if (top !== undefined && box.height > 0 && Math.abs(box.top - top) > 1) {
      yield [start, at];
      start = at;
    }
    if (box.height > 0) top = box.top;
  }
  yield [start, to];
}

function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  const letters = [...text];
  while (letters.length > 0 && context.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return letters.join("");
}

function casing({ textTransform }: CSSStyleDeclaration): (text: string) => string {
  if (textTransform === "uppercase") return (text) => text.toUpperCase();
  if (textTransform === "lowercase") return (text) => text.toLowerCase();
  if (textTransform === "capitalize") return (text) => text.replace(/^./u, (letter) => letter.toUpperCase());
  return (text) => text;
}
