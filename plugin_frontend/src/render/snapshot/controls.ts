/** Form controls on a canvas, which have no boxes of their own to copy: as far as they say something. */
import type { Box, Ink } from "./boxes.ts";
import { baseline, fontOf } from "./text.ts";

export function paintControl(element: HTMLElement, style: CSSStyleDeclaration, box: Box, ink: Ink): void {
  if (element instanceof HTMLSelectElement) paintValue(element.selectedOptions[0]?.text ?? "", style, box, ink);
  if (!(element instanceof HTMLInputElement)) return;
  if (element.type === "range") paintRange(element, style, box, ink);
  else if (element.type === "checkbox" || element.type === "radio") paintCheck(element, style, box, ink);
  else paintValue(element.value || element.placeholder, style, box, ink);
}

function paintValue(text: string, style: CSSStyleDeclaration, { left, top, width, height }: Box, ink: Ink): void {
  const { context } = ink;
  const before = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.borderLeftWidth);
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.font = fontOf(style);
  context.fillStyle = style.color;
  context.fillText(text, left + (before || 0), baseline(context, top, height));
  context.restore();
}

function paintRange(input: HTMLInputElement, style: CSSStyleDeclaration, box: Box, { context }: Ink): void {
  const [min, max] = [Number(input.min || 0), Number(input.max || 100)];
  const share = max > min ? (input.valueAsNumber - min) / (max - min) : 0;
  const y = box.top + box.height / 2;
  const x = box.left + 7 + share * (box.width - 14);
  context.fillStyle = style.getPropertyValue("--track");
  context.fillRect(box.left, y - 2, box.width, 4);
  context.fillStyle = style.getPropertyValue("--accent");
  context.fillRect(box.left, y - 2, x - box.left, 4);
  context.beginPath();
  context.arc(x, y, 7, 0, 2 * Math.PI);
  context.fill();
}

function paintCheck(input: HTMLInputElement, style: CSSStyleDeclaration, box: Box, { context }: Ink): void {
  const { left, top, width, height } = box;
  context.fillStyle = input.checked ? style.getPropertyValue("--accent") : "transparent";
  context.strokeStyle = style.getPropertyValue("--border-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left + 0.5, top + 0.5, width - 1, height - 1, input.type === "radio" ? width / 2 : 2);
  context.fill();
  context.stroke();
  if (!input.checked) return;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(left + 0.25 * width, top + 0.52 * height);
  context.lineTo(left + 0.43 * width, top + 0.7 * height);
  context.lineTo(left + 0.76 * width, top + 0.3 * height);
  context.stroke();
}
