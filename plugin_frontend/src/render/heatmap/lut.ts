/** Colour maps as palettes of 256 pixels, in the byte order of ImageData. */
import { DIVERGING, SEQUENTIAL } from "./colour_maps.ts";

export { DIVERGING, SEQUENTIAL };

export type Sequential = keyof typeof SEQUENTIAL;
export type Diverging = keyof typeof DIVERGING;
export type ColourMap = Sequential | Diverging;

const COLOUR_MAPS: Record<ColourMap, string> = { ...SEQUENTIAL, ...DIVERGING };

/** The colour at `t` from 0 to 1, as levels of red, green and blue. */
function colourAt(name: ColourMap, t: number): [number, number, number] {
  const kept = COLOUR_MAPS[name];
  const at = t * (kept.length / 6 - 1);
  const [below, above] = [6 * Math.floor(at), 6 * Math.ceil(at)];
  const level = (channel: number) => {
    const [low = 0, high = 0] = [below, above].map((start) =>
      Number.parseInt(kept.slice(start + 2 * channel, start + 2 * channel + 2), 16),
    );
    return Math.round(low + (at % 1) * (high - low));
  };
  return [level(0), level(1), level(2)];
}

const palettes = new Map<ColourMap, Uint32Array>();

export function palette(name: ColourMap): Uint32Array {
  const known = palettes.get(name);
  if (known) return known;
  const colours = Uint32Array.from({ length: 256 }, (_, i) => packPixel(...colourAt(name, i / 255)));
  palettes.set(name, colours);
  return colours;
}

/** An opaque pixel from "#rrggbb" or "rgb(r, g, b)". */
export function packColour(css: string): number {
  const [r, g, b] = css.startsWith("#")
    ? [css.slice(1, 3), css.slice(3, 5), css.slice(5, 7)].map((hex) => Number.parseInt(hex, 16))
    : (css.match(/\d+/g) ?? []).map(Number);
  return packPixel(r ?? 0, g ?? 0, b ?? 0);
}

const pixel = new Uint32Array(1);
const channels = new Uint8Array(pixel.buffer);

/** Written through bytes, so that it is right whatever the machine's byte order. */
function packPixel(r: number, g: number, b: number): number {
  channels.set([r, g, b, 255]);
  return pixel[0] ?? 0;
}

/** A CSS gradient that shows the colour map from low to high. */
export function gradient(name: ColourMap, gamma = 1): string {
  const middle = name in DIVERGING ? 0.5 : 0;
  const bent = (t: number) =>
    middle + Math.sign(t - middle) * (1 - middle) * (Math.abs(t - middle) / (1 - middle)) ** gamma;
  const stops = Array.from({ length: 17 }, (_, i) => `rgb(${colourAt(name, bent(i / 16))})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
