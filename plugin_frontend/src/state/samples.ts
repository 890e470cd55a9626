/** Which samples are shown, in which order, and which class is explained. */
import { signal } from "@preact/signals";

/** By role among a sample's targets, or a class index for one named class. */
export type ClassChoice = "predicted" | "label" | "second" | "third" | number;

export const SORTS = ["logged", "mistakes", "unsure", "sure"] as const;
export const OUTCOMES = ["all", "wrong", "right"] as const;
export const PAGE_SIZES = [12, 24, 48, 96];

export type Sort = (typeof SORTS)[number];
export type Outcome = (typeof OUTCOMES)[number];

export const DEFAULT_SIZE = 160;
export const DEFAULT_PAGE_SIZE = 24;

export const classChoice = signal<ClassChoice>("predicted");
export const sort = signal<Sort>("logged");
export const outcome = signal<Outcome>("all");
/** From 0. */
export const page = signal(0);
export const pageSize = signal(DEFAULT_PAGE_SIZE);
/** Of a tile, in CSS pixels. */
export const tileSize = signal(DEFAULT_SIZE);
export const showOriginal = signal(false);

/** The enlarged sample. */
export const openSample = signal<{ run: string; sample: string } | null>(null);
