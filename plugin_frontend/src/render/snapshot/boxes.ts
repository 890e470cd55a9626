/** The boxes of elements on a canvas: grounds, borders, rings, and what they cut off. Lengths are CSS pixels. */
export type Box = { left: number; top: number; width: number; height: number };

export type Ink = {
  context: CanvasRenderingContext2D;
  /** Device pixels in a CSS pixel. */
  scale: number;
  /** What is seen; what lies outside is not painted. */
  visible: Box;
};

/** As browsers do it: edges lie between device pixels. */
export function snapped({ left, top, width, height }: Box, scale: number): Box {
  const at = (value: number) => Math.round(value * scale) / scale;
  return { left: at(left), top: at(top), width: at(left + width) - at(left), height: at(top + height) - at(top) };
}

export function apart(a: Box, b: Box): boolean {
  return (
    a.left >= b.left + b.width || a.left + a.width <= b.left || a.top >= b.top + b.height || a.top + a.height <= b.top
  );
}

function inset({ left, top, width, height }: Box, by: number): Box {
  return { left: left + by, top: top + by, width: Math.max(0, width - 2 * by), height: Math.max(0, height - 2 * by) };
}

/** A rectangle with the corners of a style, the shape of both ground and clip. */
export function roundPath(style: CSSStyleDeclaration, box: Box, shrink = 0): Path2D {
  const path = new Path2D();
  const { left, top, width, height } = inset(box, shrink);
  const corners = ["TopLeft", "TopRight", "BottomRight", "BottomLeft"].map((corner) => {
    const text = style[`border${corner}Radius` as "borderTopLeftRadius"];
    const radius = text.endsWith("%") ? (Number.parseFloat(text) / 100) * width : Number.parseFloat(text);
    return Math.max(0, (radius || 0) - shrink);
  });
  path.roundRect(left, top, width, height, corners);
  return path;
}

export function paintBox(style: CSSStyleDeclaration, box: Box, { context }: Ink): void {
  context.fillStyle = "transparent";
  context.fillStyle = style.backgroundColor;
  const path = roundPath(style, box);
  context.fill(path);
  if (style.backgroundImage.includes("gradient(")) paintGradient(style, box, path, context);
  paintRings(style, box, context);
  paintBorders(style, box, context);
}

const SIDES = ["Top", "Right", "Bottom", "Left"] as const;

function paintBorders(style: CSSStyleDeclaration, box: Box, context: CanvasRenderingContext2D): void {
  const borders = SIDES.map((side) => ({
    width: style[`border${side}Style`] === "none" ? 0 : Number.parseFloat(style[`border${side}Width`]) || 0,
    colour: style[`border${side}Color`],
    line: style[`border${side}Style`],
  }));
  const [first] = borders as [(typeof borders)[number]];
  if (borders.every(({ width, colour }) => width === first.width && colour === first.colour)) {
    if (first.width === 0) return;
    context.strokeStyle = first.colour;
    context.lineWidth = first.width;
    const dash = { dashed: 3, dotted: 1 }[first.line as string];
    context.setLineDash(dash ? [dash * first.width, dash * first.width] : []);
    context.stroke(roundPath(style, box, first.width / 2));
    context.setLineDash([]);
    return;
  }
  const { left, top, width, height } = box;
  const places = [
    (w: number) => [left, top, width, w],
    (w: number) => [left + width - w, top, w, height],
    (w: number) => [left, top + height - w, width, w],
    (w: number) => [left, top, w, height],
  ];
  borders.forEach(({ width, colour }, i) => {
    context.fillStyle = colour;
    if (width) context.fillRect(...((places[i] as (w: number) => number[])(width) as [number, number, number, number]));
  });
}

/** Shadows without blur around all sides: they are rings. */
function paintRings(style: CSSStyleDeclaration, box: Box, context: CanvasRenderingContext2D): void {
  for (const shadow of style.boxShadow.split(/,(?![^(]*\))/).reverse()) {
    const [, colour, x, y, blur, spread, inner] =
      /^\s*(.+\)) (-?[\d.]+)px (-?[\d.]+)px (-?[\d.]+)px (-?[\d.]+)px( inset)?/.exec(shadow) ?? [];
    const width = Number(spread);
    if (colour === undefined || Number(x) || Number(y) || Number(blur) || !(width > 0)) continue;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(roundPath(style, box, inner ? width / 2 : -width / 2));
  }
}

/** The first gradient of a ground, straight, in its place. */
function paintGradient(style: CSSStyleDeclaration, box: Box, path: Path2D, context: CanvasRenderingContext2D): void {
  const image = style.backgroundImage;
  const inside = image.slice(image.indexOf("(") + 1, image.lastIndexOf(")"));
  const parts = inside.split(/,(?![^(]*\))/).map((part) => part.trim());
  const angle = /^(to \w+|-?[\d.]+deg)$/.test(parts[0] as string) ? (parts.shift() as string) : "180deg";
  const stops = parts.map((part) => {
    const [, colour = "", at] = /^(.*?\)|#?\w+)(?:\s+([\d.]+)%)?/.exec(part) ?? [];
    return { colour, at: at === undefined ? undefined : Number(at) / 100 };
  });
  const place = placeOf(style, box);
  const degrees = { "to right": 90, "to left": 270, "to top": 0, "to bottom": 180 }[angle] ?? Number.parseFloat(angle);
  const [dx, dy] = [Math.sin((degrees * Math.PI) / 180), -Math.cos((degrees * Math.PI) / 180)];
  const half = (Math.abs(dx) * place.width + Math.abs(dy) * place.height) / 2;
  const [x, y] = [place.left + place.width / 2, place.top + place.height / 2];
  const ground = context.createLinearGradient(x - dx * half, y - dy * half, x + dx * half, y + dy * half);
  stops.forEach(({ colour, at }, i) => {
    ground.addColorStop(Math.min(1, Math.max(0, at ?? i / Math.max(1, stops.length - 1))), colour);
  });
  context.save();
  context.clip(path);
  context.fillStyle = ground;
  context.fillRect(place.left, place.top, place.width, place.height);
  context.restore();
}

/** Where an image of the ground lies. */
function placeOf(style: CSSStyleDeclaration, box: Box): Box {
  const length = (text: string | undefined, of: number, otherwise: number) => {
    const [, number, unit] = /([\d.]+)(%|px)/.exec(text ?? "") ?? [];
    if (number === undefined) return otherwise;
    return unit === "%" ? (Number(number) / 100) * of : Number(number);
  };
  const [w, h] = style.backgroundSize.split(/ (?![^(]*\))/);
  const width = length(w, box.width, box.width);
  const height = length(h, box.height, box.height);
  const [x, y] = style.backgroundPosition.split(" ");
  return {
    left: box.left + length(x, box.width - width, 0),
    top: box.top + length(y, box.height - height, 0),
    width,
    height,
  };
}
