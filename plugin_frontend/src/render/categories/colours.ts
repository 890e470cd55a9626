/**
 * Colours of classes and other categories. They follow from the index alone, so that a class has the same one in all views,
 * whatever is known there of the others. The first eight are those of Okabe and Ito, which colour-blind people tell apart; the
 * others are hues around the circle by the golden angle in three lightnesses, which tell apart what lies side by side, and need
 * a legend or a label otherwise.
 */
import { GOLDEN_ANGLE, oklch } from "./oklab.ts";

type Tone = { lightness: number; chroma: number; hue: number };

const OKABE_ITO: readonly Tone[] = [
  { lightness: 0.532, chroma: 0.131, hue: 244 }, // blue
  { lightness: 0.753, chroma: 0.158, hue: 76.8 }, // orange
  { lightness: 0.62, chroma: 0.13, hue: 165.5 }, // bluish green
  { lightness: 0.621, chroma: 0.17, hue: 47.5 }, // vermilion
  { lightness: 0.679, chroma: 0.118, hue: 346.3 }, // reddish purple
  { lightness: 0.735, chroma: 0.117, hue: 236.2 }, // sky blue
  { lightness: 0.87, chroma: 0.172, hue: 105 }, // yellow, a little darker than theirs, for white ground
  { lightness: 0.5, chroma: 0, hue: 0 }, // grey for their black, which dark ground would swallow
];

const LIGHTNESSES = [0.62, 0.77, 0.5];

export function categoryTone(index: number): Tone {
  const first = OKABE_ITO[index];
  if (first) return first;
  return { lightness: LIGHTNESSES[index % LIGHTNESSES.length] as number, chroma: 0.15, hue: 30 + GOLDEN_ANGLE * index };
}

/** "#rrggbb" of category `index`. */
export function categoryColour(index: number): string {
  const { lightness, chroma, hue } = categoryTone(index);
  return oklch(lightness, chroma, hue);
}

/** What is right and what is wrong, in colours that differ in lightness too. */
export const OUTCOME_COLOURS = ["#56b4e9", "#d55e00"] as const;
