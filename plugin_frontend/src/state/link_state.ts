/**
 * Keeps the page's state and its address equal: what differs from the default is in the link, unknown values are ignored.
 *
 * A view adds what it wants in the link beside its signals in `state/`, with `bind` of `bindings.ts`, and a line to the list here:
 *
 *     export const ringBindings = [bind("ring", ring, null, whole), adjusted(bind("ring_size", ringSize, 1, between(1, 9)))];
 */
import { batch, effect } from "@preact/signals";
import { onLinkChange, readLink, writeLink } from "../host/link.ts";
import { visible } from "../host/visibility.ts";
import { appearanceBindings } from "./appearance.ts";
import type { Binding } from "./bindings.ts";
import { clusterBindings } from "./clusters.ts";
import { featureBindings } from "./features.ts";
import { occlusionBindings } from "./occlusion.ts";
import { projectionBindings } from "./projections.ts";
import { reconstructionBindings } from "./reconstructions.ts";
import { runBindings } from "./runs.ts";
import { sampleBindings } from "./samples.ts";
import { selectionBindings } from "./selection.ts";
import { seriesBindings } from "./series.ts";
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
  occlusionBindings,
  appearanceBindings,
  clusterBindings,
  superpixelBindings,
  reconstructionBindings,
  voxelBindings,
  featureBindings,
  projectionBindings,
  selectionBindings,
].flat();

/** Browsers refuse too many changes of the address in a row. */
const QUIET = 250;

export function followLink(): void {
  const restore = () => {
    const values = readLink();
    batch(() => {
      for (const { key, read } of bindings) read(values.get(key) ?? null);
    });
  };
  restore();
  onLinkChange(restore);
  effect(() => {
    const values = currentValues();
    if (!visible.value) return; // the address belongs to another tab of TensorBoard
    const timer = setTimeout(() => writeLink(values), QUIET);
    return () => clearTimeout(timer);
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
