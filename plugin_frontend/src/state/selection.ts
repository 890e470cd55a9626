/** The one selection of the page: ids of rows, which projections and samples share. */
import { batch, computed, signal } from "@preact/signals";
import { formatCorners, formatIds, parseCorners, parseIds } from "../data/compact_ids.ts";
import { IdIndex } from "../data/ids.ts";
import { type Binding, bind } from "./bindings.ts";

/** A polygon in the stored units of one step: a short name for all rows in it. */
export type Lasso = { run: string; tag: string; step: number; corners: readonly number[] };

/** Ids are ascending, each once. */
export type Selection = {
  ids: Float64Array;
  /** The polygon that encloses exactly these. */
  lasso: Lasso | null;
  /** The lasso came from a link, and the rows in it are not known yet. */
  pending: boolean;
};

export const NOTHING: Selection = { ids: new Float64Array(0), lasso: null, pending: false };

export const selection = signal<Selection>(NOTHING);

/** Whether views of samples show only what is selected. */
export const onlySelected = signal(true);

export const selectedCount = computed(() => selection.value.ids.length);

/** Where each selected id is among them. */
export const selectedIndex = computed(() => {
  const { ids } = selection.value;
  return new IdIndex(ids.length, (i) => ids[i] as number);
});

export function isSelected(id: number): boolean {
  return selectedCount.value > 0 && selectedIndex.value.has(id);
}

/** Whether a view of samples shows the one with this id. */
export function passesSelection(id: number): boolean {
  return selectedCount.value === 0 || !onlySelected.value || isSelected(id);
}

/** Each once; 0 is no id. */
function ascending(ids: ArrayLike<number>): Float64Array {
  const sorted = new Float64Array(ids).sort();
  let count = 0;
  for (const id of sorted) if (id > 0 && id !== sorted[count - 1]) sorted[count++] = id;
  return sorted.slice(0, count);
}

/** Selects these instead of what was; the views of samples show them alone. */
export function select(ids: ArrayLike<number>, lasso: Lasso | null = null): void {
  const sorted = ascending(ids);
  batch(() => {
    selection.value = sorted.length ? { ids: sorted, lasso, pending: false } : NOTHING;
    onlySelected.value = true;
  });
}

export function extendSelection(ids: ArrayLike<number>): void {
  const known = selection.value.ids;
  const both = new Float64Array(known.length + ids.length);
  both.set(known);
  both.set(ids, known.length);
  select(both);
}

export function reduceSelection(ids: ArrayLike<number>): void {
  const leaving = new IdIndex(ids.length, (i) => ids[i] as number);
  select(selection.value.ids.filter((id) => !leaving.has(id)));
}

/** Of one sample among others, which stay in sight. */
export function toggleSelected(id: number): void {
  const first = selectedCount.value === 0;
  const keep = onlySelected.value && !first;
  batch(() => {
    if (isSelected(id)) reduceSelection([id]);
    else extendSelection([id]);
    onlySelected.value = keep || selectedCount.value === 0;
  });
}

export function clearSelection(): void {
  batch(() => {
    selection.value = NOTHING;
    onlySelected.value = true;
  });
}

/** What comes to know the rows in a lasso from a link. */
export function resolveLasso(lasso: Lasso, ids: ArrayLike<number>): void {
  if (selection.peek().lasso !== lasso || !selection.peek().pending) return; // something else was selected meanwhile
  const sorted = ascending(ids);
  selection.value = sorted.length ? { ids: sorted, lasso, pending: false } : NOTHING;
}

/** Longer ones make addresses that chats and mail break. */
const LONGEST = 8000;

/** More ids than that do not fit, however near each other they are. */
const MOST_IDS = (LONGEST * 6) / 8;

const asText = computed(() => {
  const { ids, lasso } = selection.value;
  if (!lasso && ids.length > MOST_IDS) return { text: null, tooLong: true };
  const text = lasso ? formatLasso(lasso) : ids.length ? `ids:${formatIds(ids)}` : "";
  return { text: text && text.length <= LONGEST ? text : null, tooLong: text.length > LONGEST };
});

/** The link does not say what is selected. */
export const leftOutOfLink = computed(() => asText.value.tooLong);

/** `null`: nothing is selected, or too much for a link. */
export function formatSelection(): string | null {
  return asText.value.text;
}

export function parseSelection(text: string): Selection | undefined {
  const [, ids] = /^ids:(.*)$/.exec(text) ?? [];
  if (ids !== undefined) {
    const parsed = parseIds(ids);
    return parsed?.length ? { ids: parsed, lasso: null, pending: false } : undefined;
  }
  const [, step, coded, tag, run] = /^lasso:(-?\d+):([\w-]+):([^:]+):(.*)$/s.exec(text) ?? [];
  const corners = parseCorners(coded ?? "");
  if (!corners || tag === undefined || run === undefined) return undefined;
  try {
    const lasso = { run, tag: decodeURIComponent(tag), step: Number(step), corners };
    return { ids: NOTHING.ids, lasso, pending: true };
  } catch {
    return undefined;
  }
}

function formatLasso({ run, tag, step, corners }: Lasso): string {
  return `lasso:${step}:${formatCorners(corners)}:${encodeURIComponent(tag)}:${run}`;
}

export const selectionBindings: Binding[] = [
  {
    key: "selected",
    write: formatSelection,
    read: (value) => {
      if (value === formatSelection()) return; // the rows of a lasso need not be looked up again
      selection.value = (value === null ? undefined : parseSelection(value)) ?? NOTHING;
    },
    weight: "choice",
    kept: false,
  },
  bind(
    "only_selected",
    onlySelected,
    true,
    (value) => (value === "0" ? false : undefined),
    () => "0",
  ),
];
