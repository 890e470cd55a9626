/** Which samples are shown, in which order, and which class is explained. */
import { signal } from "@preact/signals";

/** By role among a sample's targets, or a class index for one named class. */
export type ClassChoice = "predicted" | "label" | "second" | "third" | number;

export const SORTS = ["logged", "mistakes", "unsure", "sure"] as const;
export const OUTCOMES = ["all", "wrong", "right"] as const;
export const PAGE_SIZES = [12, 24, 48, 96];

/** How the samples are ordered: by what the model made of them, or by a figure of their maps, its lowest or highest first. */
export type Sort = (typeof SORTS)[number] | `${"low" | "high"}:${string}`;
export type Outcome = (typeof OUTCOMES)[number];

export const DEFAULT_SIZE = 160;
export const DEFAULT_PAGE_SIZE = 24;

export const classChoice = signal<ClassChoice>("predicted");
/** `undefined`: no order. */
export function parseSort(text: string): Sort | undefined {
  return (SORTS as readonly string[]).includes(text) || /^(low|high):./.test(text) ? (text as Sort) : undefined;
}

export const sort = signal<Sort>("logged");
export const outcome = signal<Outcome>("all");
/** From 0. */
export const page = signal(0);
export const pageSize = signal(DEFAULT_PAGE_SIZE);
/** Of a tile, in CSS pixels. */
export const tileSize = signal(DEFAULT_SIZE);
export const showOriginal = signal(false);
/** The figures under tiles, by name; `null`: the default, the first few. */
export const figureSelection = signal<ReadonlySet<string> | null>(null);

/** The enlarged sample. */
export const openSample = signal<{ run: string; sample: string } | null>(null);
