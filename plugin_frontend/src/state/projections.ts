/** Which projections are shown, how their points are coloured, and which of them are hidden. */
import { batch, computed, signal } from "@preact/signals";
import { adjusted, bind, flag, oneOf, orNothing, text } from "./bindings.ts";
import { matching } from "./filter.ts";
import { loggedOf, tagPattern } from "./series.ts";

export const loggedProjections = loggedOf("PROJECTION");

const matchingProjections = computed(() => matching(loggedProjections.value, tagPattern.value, ({ tag }) => tag));

export const projectionTags = computed(() => [...new Set(matchingProjections.value.map(({ tag }) => tag))]);

/** `null`: the default, the first. */
export const tagChoice = signal<string | null>(null);

export const shownTag = computed(() => {
  const [first] = projectionTags.value;
  return tagChoice.value !== null && projectionTags.value.includes(tagChoice.value) ? tagChoice.value : first;
});

/** More would be too small to look at. */
const MOST_PANELS = 4;

/** The runs that have the chosen series, side by side; those beyond the fourth are left out. */
export const runsOfTag = computed(() => matchingProjections.value.filter(({ tag }) => tag === shownTag.value));
export const shownProjections = computed(() => runsOfTag.value.slice(0, MOST_PANELS));

/** The step whose points are on screen. */
export const projectionStep = signal<number | null>(null);
export const projectionLoading = signal(false);

/** What points are coloured by: one of these, or `column:<name>`. */
const COLOURINGS = ["label", "predicted", "outcome", "probability", "none"] as const;
export type Colouring = (typeof COLOURINGS)[number] | `column:${string}`;

/** `null`: the default, the first of those that there are. */
export const colouringChoice = signal<Colouring | null>(null);

export function parseColouring(text: string): Colouring | undefined {
  return (COLOURINGS as readonly string[]).includes(text) || /^column:./.test(text) ? (text as Colouring) : undefined;
}

/** Which categories of the colouring are shown: these alone, or all without these. */
export type Shown = { mode: "only" | "without"; codes: ReadonlySet<number> };

export const ALL: Shown = { mode: "without", codes: new Set() };
export const shownCategories = signal<Shown>(ALL);

export function isShown(code: number, { mode, codes }: Shown = shownCategories.value): boolean {
  return codes.has(code) === (mode === "only");
}

/** Shows one category alone; all of them if it was alone already. */
export function isolate(code: number): void {
  const { mode, codes } = shownCategories.value;
  const alone = mode === "only" && codes.size === 1 && codes.has(code);
  batch(() => {
    chosenPair.value = null;
    shownCategories.value = alone ? ALL : { mode: "only", codes: new Set([code]) };
  });
}

export function toggleShown(code: number): void {
  const { mode, codes } = shownCategories.value;
  const next = new Set(codes);
  if (!next.delete(code)) next.add(code);
  batch(() => {
    chosenPair.value = null; // they are no longer alone
    shownCategories.value = { mode, codes: next };
  });
}

export function formatShown({ mode, codes }: Shown): string {
  return `${mode}:${[...codes].join(",")}`;
}

export function parseShown(text: string): Shown | undefined {
  const [, mode, list] = /^(only|without):((?:\d+,)*\d+|)$/.exec(text) ?? [];
  return mode === undefined
    ? undefined
    : { mode: mode as Shown["mode"], codes: new Set((list as string).split(",").filter(Boolean).map(Number)) };
}

/** Codes mean something else then. */
export function setColouring(colouring: Colouring): void {
  batch(() => {
    colouringChoice.value = colouring;
    clearPair();
  });
}

/** What dragging does. */
export const TOOLS = ["pan", "lasso", "rectangle"] as const;
export const tool = signal<(typeof TOOLS)[number]>("lasso");

/** A row by its id, in one run. */
export type RowName = { run: string; id: number };

/** The one whose facts stay on screen. */
export const pinnedRow = signal<RowName | null>(null);

export function parsePinned(text: string): RowName | undefined {
  const [, id, run] = /^(\d+):(.*)$/s.exec(text) ?? [];
  return id !== undefined && run !== undefined && Number.isSafeInteger(Number(id))
    ? { run, id: Number(id) }
    : undefined;
}

/** Two classes that are looked at. */
export type Pair = { first: number; second: number };

export const chosenPair = signal<Pair | null>(null);

export function parsePair(text: string): Pair | undefined {
  const [, first, second] = /^(\d+),(\d+)$/.exec(text) ?? [];
  return first === undefined ? undefined : { first: Number(first), second: Number(second) };
}

/** Shows two classes alone, and lights what lies between them; all classes if it were these two already. */
export function togglePair(pair: Pair): void {
  const chosen = chosenPair.value;
  if (chosen && chosen.first === pair.first && chosen.second === pair.second) {
    clearPair();
    return;
  }
  batch(() => {
    chosenPair.value = pair;
    colouringChoice.value = "label";
    shownCategories.value = { mode: "only", codes: new Set([pair.first, pair.second]) };
  });
}

export function clearPair(): void {
  batch(() => {
    chosenPair.value = null;
    shownCategories.value = ALL;
  });
}

/** Whether points whose prediction is wrong are diamonds; `null`: the default, where they are the exception. */
export const wrongChoice = signal<boolean | null>(null);

/** Whether lines show where the selected rows have come from. */
export const trails = signal(false);

/** Whether the names of categories stand where their points are. */
export const named = signal(true);

/** What is beside the plot. */
export const SIDES = ["measures", "classes", "point", "selection"] as const;
export const side = signal<(typeof SIDES)[number]>("measures");

/** The run whose rows are listed and whose measures are shown, when there are several; `null`: the first. */
export const activeRun = signal<string | null>(null);

/** The camera, as the link says it; the plot keeps it up to date. */
type CameraLink = { x: number; y: number; zoom: number; yaw: number; pitch: number };
export const cameraLink = signal<CameraLink | null>(null);

export function formatCamera({ x, y, zoom, yaw, pitch }: CameraLink): string {
  return [x, y, zoom, ...(yaw || pitch ? [yaw, pitch] : [])].map((value) => Number(value.toPrecision(4))).join(",");
}

export function parseCamera(text: string): CameraLink | undefined {
  const numbers = text.split(",").map(Number);
  if (!(numbers.length === 3 || numbers.length === 5) || text.split(",").some((part) => part.trim() === ""))
    return undefined;
  const [x = 0, y = 0, zoom = 1, yaw = 0, pitch = 0] = numbers;
  return numbers.every(Number.isFinite) && zoom > 0 ? { x, y, zoom, yaw, pitch } : undefined;
}

const oneOff = (text: string) => (text === "0" ? false : undefined);

export const projectionBindings = [
  bind<string | null>("projection", tagChoice, null, text, orNothing),
  bind<Colouring | null>("points", colouringChoice, null, parseColouring),
  bind("categories", shownCategories, ALL, parseShown, formatShown),
  bind("tool", tool, "lasso", oneOf<(typeof TOOLS)[number]>(TOOLS)),
  bind("beside", side, "measures", oneOf<(typeof SIDES)[number]>(SIDES)),
  bind<string | null>("run", activeRun, null, text, orNothing),
  bind("trails", trails, false, ...flag),
  bind("names", named, true, oneOff, () => "0"),
  bind<boolean | null>(
    "mark_wrong",
    wrongChoice,
    null,
    (value) => ({ 0: false, 1: true })[value],
    (on) => (on ? "1" : "0"),
  ),
  adjusted(
    bind<CameraLink | null>("camera", cameraLink, null, parseCamera, (camera) => (camera ? formatCamera(camera) : "")),
  ),
  bind<RowName | null>("row", pinnedRow, null, parsePinned, (row) => (row ? `${row.id}:${row.run}` : "")),
  bind<Pair | null>("pair", chosenPair, null, parsePair, (pair) => (pair ? `${pair.first},${pair.second}` : "")),
];
