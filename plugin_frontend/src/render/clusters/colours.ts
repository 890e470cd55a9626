/**
 * Colours of clusters and of classes. A cluster's colour follows from its name alone, so that it stays from step to step
 * however many clusters there are; the first ten are a palette for categories, the others go around the circle of hues by the
 * golden angle in three lightnesses. A class has a hue; how much of it a cluster shows is how pure it is.
 */

/** Observable's ten colours. */
const FIRST = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#9498a0",
];

const GOLDEN_ANGLE = 137.50776405;
const LIGHTNESSES = [0.66, 0.8, 0.52];
const CHROMA = 0.13;

export function clusterColour(id: number): string {
  const first = FIRST[id];
  if (first) return first;
  return oklch(LIGHTNESSES[id % LIGHTNESSES.length] as number, CHROMA, 20 + GOLDEN_ANGLE * id);
}

/** The hue of the class, paler the less pure: grey where all `classes` are equally frequent. */
export function classColour(index: number, purity: number, classes: number): string {
  const chance = 1 / Math.max(1, classes);
  const pure = classes > 1 ? Math.min(1, Math.max(0, (purity - chance) / (1 - chance))) : 1;
  return oklch(0.82 - 0.2 * pure, 0.01 + 0.15 * pure, 30 + GOLDEN_ANGLE * index);
}

/** "#rrggbb" of lightness, chroma and hue in degrees (Oklab: https://bottosson.github.io/posts/oklab/). */
function oklch(lightness: number, chroma: number, degrees: number): string {
  const a = chroma * Math.cos((degrees * Math.PI) / 180);
  const b = chroma * Math.sin((degrees * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return `#${channels.map((linear) => byteOf(linear).toString(16).padStart(2, "0")).join("")}`;
}

/** A channel of sRGB from 0 to 255; what lies outside its gamut is clipped. */
function byteOf(linear: number): number {
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, encoded)));
}
