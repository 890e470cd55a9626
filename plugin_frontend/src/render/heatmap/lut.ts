/** Colour maps as palettes of 256 pixels, in the byte order of ImageData. */
import {
  interpolateCividis,
  interpolateMagma,
  interpolatePuOr,
  interpolateRdBu,
  interpolateTurbo,
  interpolateViridis,
} from "d3-scale-chromatic";

export const SEQUENTIAL = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  magma: interpolateMagma,
  turbo: interpolateTurbo,
};

/** Warm colours speak for the target, cold ones against it; the middle is zero. */
export const DIVERGING = {
  RdBu: (t: number) => interpolateRdBu(1 - t),
  PuOr: (t: number) => interpolatePuOr(1 - t),
};

export type Sequential = keyof typeof SEQUENTIAL;
export type Diverging = keyof typeof DIVERGING;
export type ColourMap = Sequential | Diverging;

const COLOUR_MAPS: Record<ColourMap, (t: number) => string> = { ...SEQUENTIAL, ...DIVERGING };
const palettes = new Map<ColourMap, Uint32Array>();

export function palette(name: ColourMap): Uint32Array {
  const known = palettes.get(name);
  if (known) return known;
  const colours = Uint32Array.from({ length: 256 }, (_, i) => packColour(COLOUR_MAPS[name](i / 255)));
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
  const stops = Array.from({ length: 17 }, (_, i) => COLOUR_MAPS[name](bent(i / 16)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
