/** Which samples the views leave out, and which are pinned: they come first. */
import { batch, computed, signal } from "@preact/signals";
import type { ExplainedSample } from "../data/explained.ts";
import { adjusted, between, bind, flag, nameSet, text, typed, whole } from "./bindings.ts";
import { className } from "./class_names.ts";
import { outcome, page } from "./samples.ts";

const ROLES = ["either", "label", "predicted"] as const;

/** Of what a sample is to be: its true class, the predicted one, or either. */
export type OfClass = { role: (typeof ROLES)[number]; index: number };

export const ofClass = signal<OfClass | null>(null);
/** The probability of the prediction; at its ends a limit is none, so that samples without one stay. */
export const leastSure = signal(0);
export const mostSure = signal(1);
/** A part of a sample's name, or of its true or predicted class'. */
export const sampleText = signal("");
export const pinnedOnly = signal(false);

/** Samples by id: the same pixels are pinned in every run. */
export const pinnedSamples = signal<ReadonlySet<string>>(new Set());

export type Facts = Pick<ExplainedSample, "id" | "label" | "predicted" | "probability" | "name">;

export type SampleFilter = {
  ofClass: OfClass | null;
  leastSure: number;
  mostSure: number;
  text: string;
  pinned: ReadonlySet<string> | null;
};

const sampleFilter = computed<SampleFilter>(() => ({
  ofClass: ofClass.value,
  leastSure: leastSure.value,
  mostSure: mostSure.value,
  text: sampleText.value.trim().toLowerCase(),
  pinned: pinnedOnly.value ? pinnedSamples.value : null,
}));

/** `classes`: content hash of the names of its classes. */
export function passesFilter(sample: Facts, classes: string, filter: SampleFilter = sampleFilter.value): boolean {
  const { label, predicted, probability, name, id } = sample;
  if (filter.pinned && !filter.pinned.has(id)) return false;
  if (filter.leastSure > 0 && !(probability !== undefined && probability >= filter.leastSure)) return false;
  if (filter.mostSure < 1 && !(probability !== undefined && probability <= filter.mostSure)) return false;
  if (filter.ofClass) {
    const { role, index } = filter.ofClass;
    const classOf = { either: [label, predicted], label: [label], predicted: [predicted] }[role];
    if (!classOf.includes(index)) return false;
  }
  if (!filter.text) return true;
  const texts = [name, ...[label, predicted].flatMap((c) => (c === undefined ? [] : className(classes, c)))];
  return texts.some((text) => text.toLowerCase().includes(filter.text));
}

/** How many of the filters leave something out; being right or wrong is one of them. */
export const filterCount = computed(
  () =>
    [
      ofClass.value !== null,
      leastSure.value > 0 || mostSure.value < 1,
      sampleText.value.trim() !== "",
      pinnedOnly.value,
      outcome.value !== "all",
    ].filter(Boolean).length,
);

export function clearFilters(): void {
  batch(() => {
    ofClass.value = null;
    leastSure.value = 0;
    mostSure.value = 1;
    sampleText.value = "";
    pinnedOnly.value = false;
    outcome.value = "all";
    page.value = 0;
  });
}

export function togglePin(id: string): void {
  const next = new Set(pinnedSamples.value);
  if (!next.delete(id)) next.add(id);
  pinnedSamples.value = next;
}

const noPins: ReadonlySet<string> = pinnedSamples.peek();

export const filterBindings = [
  bind<OfClass | null>(
    "of_class",
    ofClass,
    null,
    (value) => {
      const [, role, index] = /^(either|label|predicted):(\d+)$/.exec(value) ?? [];
      return role === undefined
        ? undefined
        : { role: role as OfClass["role"], index: whole(index as string) as number };
    },
    (chosen) => (chosen ? `${chosen.role}:${chosen.index}` : ""),
  ),
  adjusted(bind("sure_from", leastSure, 0, between(0, 1))),
  adjusted(bind("sure_to", mostSure, 1, between(0, 1))),
  typed(bind("find", sampleText, "", text)),
  bind("pinned_only", pinnedOnly, false, ...flag),
  {
    ...bind("pinned", pinnedSamples, noPins, ...nameSet),
    write: () => (pinnedSamples.value.size ? nameSet[1](pinnedSamples.value) : null),
  },
];
