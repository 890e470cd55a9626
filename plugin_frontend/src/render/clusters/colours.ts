/**
 * Colours of clusters and of classes. A cluster's colour follows from its name alone, so that it stays from step to step
 * however many clusters there are; the first ten are a palette for categories, the others go around the circle of hues by the
 * golden angle in three lightnesses. A class has the colour that it has in projections; how much of it a cluster shows is how
 * pure it is.
 */
import { categoryTone } from "../categories/colours.ts";
import { GOLDEN_ANGLE, oklch } from "../categories/oklab.ts";

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

const LIGHTNESSES = [0.66, 0.8, 0.52];
const CHROMA = 0.13;

export function clusterColour(id: number): string {
  const first = FIRST[id];
  if (first) return first;
  return oklch(LIGHTNESSES[id % LIGHTNESSES.length] as number, CHROMA, 20 + GOLDEN_ANGLE * id);
}

/** The colour of the class, paler the less pure: grey where all `classes` are equally frequent. */
export function classColour(index: number, purity: number, classes: number): string {
  const chance = 1 / Math.max(1, classes);
  const pure = classes > 1 ? Math.min(1, Math.max(0, (purity - chance) / (1 - chance))) : 1;
  const { lightness, chroma, hue } = categoryTone(index);
  return oklch(0.82 + (lightness - 0.82) * pure, 0.01 + (chroma - 0.01) * pure, hue);
}
