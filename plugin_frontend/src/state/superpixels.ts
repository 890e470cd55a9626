/** Which superpixels are shown, and how, wherever there are any. */
import { computed, signal } from "@preact/signals";
import type { Sign } from "../render/superpixels/choice.ts";
import { mode } from "./appearance.ts";
import { adjusted, bind, flag, oneOf, whole } from "./bindings.ts";

export const sign = signal<Sign>("both");
/** How many of the strongest; `null`: all. */
export const strongest = signal<number | null>(null);
/** Whether the image is covered but for the chosen ones. */
export const hideRest = signal(false);
export const outlines = signal(false);

/** The one picked in the enlarged sample. */
export const picked = signal<number | null>(null);

const DEFAULT_PAIRS = 8;

/** How many pairs of correlated superpixels are drawn on the image. */
export const drawnPairs = signal(DEFAULT_PAIRS);

export const RELATIONS = ["pairs", "groups", "interference", "blocks"] as const;

/** What is listed of the relations between superpixels. */
export const relations = signal<(typeof RELATIONS)[number]>("pairs");

export const superpixelMode = computed(() => (hideRest.value ? "mask" : mode.value));

export const superpixelBindings = [
  bind("sign", sign, "both", oneOf<Sign>(["both", "for", "against"])),
  adjusted(bind<number | null>("strongest", strongest, null, (value) => whole(value) || undefined)),
  bind("hide_rest", hideRest, false, ...flag),
  bind("outlines", outlines, false, ...flag),
  adjusted(bind("drawn_pairs", drawnPairs, DEFAULT_PAIRS, whole)),
  bind("relations", relations, "pairs", oneOf<(typeof RELATIONS)[number]>(RELATIONS)),
  bind<number | null>("superpixel", picked, null, whole),
];
