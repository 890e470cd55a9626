/**
 * Keeps the page's state and its address equal: what differs from the default is in the link, unknown values are ignored.
 *
 * A view adds what it wants in the link beside its signals in `state/`, with `bind` of `bindings.ts`, and a line to the list here:
 *
 *     export const ringBindings = [bind("ring", ring, null, whole), adjusted(bind("ring_size", ringSize, 1, between(1, 9)))];
 */
import { batch, effect } from "@preact/signals";
import { followHands, forgetTouch, justTouched } from "../host/hands.ts";
import { changedMeanwhile, linkTo, onLinkChange, readLink, writeLink } from "../host/link.ts";
import { visible } from "../host/visibility.ts";
import { appearanceBindings } from "./appearance.ts";
import type { Binding } from "./bindings.ts";
import { clusterBindings } from "./clusters.ts";
import { compareBindings } from "./compare.ts";
import { featureBindings } from "./features.ts";
import { occlusionBindings } from "./occlusion.ts";
import { projectionBindings } from "./projections.ts";
import { reconstructionBindings } from "./reconstructions.ts";
import { runBindings } from "./runs.ts";
import { filterBindings } from "./sample_filter.ts";
import { sampleBindings } from "./samples.ts";
import { selectionBindings } from "./selection.ts";
import { seriesBindings } from "./series.ts";
import { keepSettings, keptSettings, resetSettings } from "./settings.ts";
import { superpixelBindings } from "./superpixels.ts";
import { stepBindings } from "./timeline.ts";
import { viewBindings } from "./view.ts";
import { voxelBindings } from "./voxels.ts";

const bindings: readonly Binding[] = [
  viewBindings,
  runBindings,
  seriesBindings,
  stepBindings,
  sampleBindings,
  filterBindings,
  occlusionBindings,
  appearanceBindings,
  clusterBindings,
  superpixelBindings,
  reconstructionBindings,
  voxelBindings,
  featureBindings,
  compareBindings,
  projectionBindings,
  selectionBindings,
].flat();

/** A moment: what changes within it is one history entry. Browsers refuse more than a few changes of the address a second. */
const MOMENT = 350;

/**
 * Whether what changed is to have a history entry of its own. A text has one, however often it changes while nothing else does.
 * `typing`: the text that the current entry is about.
 */
export function deservesEntry(changed: readonly Binding[], typing: string | null): boolean {
  return changed.some(({ key, weight }) => weight === "choice" || (weight === "typed" && key !== typing));
}

/** The one text that a change is about, sliders aside. */
export function typingOf(changed: readonly Binding[]): string | null {
  const [first, second] = changed.filter(({ weight }) => weight !== "adjusted");
  return first?.weight === "typed" && !second ? first.key : null;
}

export function followLink(): void {
  let known: ReadonlyMap<string, string> = new Map();
  let typing: string | null = null;
  let touched = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const restore = () => {
    const values = readLink();
    read(values.size ? values : keptSettings());
    known = currentValues();
    typing = null;
    touched = false;
    forgetTouch(); // Back is no choice, and neither is what it loads
  };

  const write = () => {
    timer = undefined;
    if (changedMeanwhile()) {
      timer = setTimeout(write, MOMENT); // by then the browser has told of it
      return;
    }
    const values = currentValues();
    const changed = bindings.filter(({ key }) => values.get(key) !== known.get(key));
    const ownEntry = touched && deservesEntry(changed, typing);
    if (ownEntry) typing = typingOf(changed);
    if (touched)
      keepSettings(changed.filter(({ kept }) => kept).map(({ key }) => [key, values.get(key) ?? null] as const));
    known = values;
    touched = false;
    writeLink(values, ownEntry);
  };

  followHands();
  restore();
  onLinkChange(restore);
  effect(() => {
    currentValues(); // whatever of it changes
    if (!visible.value) {
      clearTimeout(timer); // the address belongs to another tab of TensorBoard
      timer = undefined;
      return;
    }
    touched ||= justTouched();
    timer ??= setTimeout(write, MOMENT);
  });
}

/** The address that brings back what is shown now. */
export function currentLink(): string {
  return linkTo(currentValues());
}

/** Back to what everybody sees at first, in what is kept per browser. */
export function resetKept(): void {
  resetSettings(bindings);
}

function read(values: ReadonlyMap<string, string>): void {
  batch(() => {
    for (const { key, read } of bindings) read(values.get(key) ?? null);
  });
}

function currentValues(): Map<string, string> {
  const values = new Map<string, string>();
  for (const { key, write } of bindings) {
    const value = write();
    if (value !== null) values.set(key, value);
  }
  return values;
}
