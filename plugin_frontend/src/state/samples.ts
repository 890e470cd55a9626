/** Which samples are shown, in which order, and which class is explained. */
import { signal } from "@preact/signals";
import { adjusted, between, bind, flag, kept, nameSet, oneOf, whole } from "./bindings.ts";

/** By role among a sample's targets, or a class index for one named class. */
export type ClassChoice = "predicted" | "label" | "second" | "third" | number;

export const SORTS = ["logged", "mistakes", "unsure", "sure"] as const;
const OUTCOMES = ["all", "wrong", "right"] as const;
export const PAGE_SIZES = [12, 24, 48, 96];

/** How the samples are ordered: by what the model made of them, or by a figure of their maps, its lowest or highest first. */
export type Sort = (typeof SORTS)[number] | `${"low" | "high"}:${string}`;
export type Outcome = (typeof OUTCOMES)[number];

const DEFAULT_SIZE = 160;
const DEFAULT_PAGE_SIZE = 24;

export const classChoice = signal<ClassChoice>("predicted");
/** `undefined`: no order. */
function parseSort(text: string): Sort | undefined {
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

export const sampleBindings = [
  bind(
    "class",
    classChoice,
    "predicted",
    (value) => whole(value) ?? oneOf<"label">(["label", "second", "third"])(value),
  ),
  bind("sort", sort, "logged", parseSort),
  bind("show", outcome, "all", oneOf<Outcome>(OUTCOMES)),
  bind(
    "page",
    page,
    0,
    (value) => Math.max(0, (whole(value) ?? 1) - 1),
    (page) => String(page + 1),
  ),
  kept(bind("page_size", pageSize, DEFAULT_PAGE_SIZE, (value) => PAGE_SIZES.find((size) => size === whole(value)))),
  kept(adjusted(bind("size", tileSize, DEFAULT_SIZE, between(96, 320)))),
  kept(bind("original", showOriginal, false, ...flag)),
  bind("figures", figureSelection, null, ...nameSet),
  bind(
    "sample",
    openSample,
    null,
    (value) => {
      const colon = value.indexOf(":"); // ids have none
      return colon > 0 ? { sample: value.slice(0, colon), run: value.slice(colon + 1) } : undefined;
    },
    (open) => `${open?.sample}:${open?.run}`,
  ),
];
