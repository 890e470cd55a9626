/** What the maps in sight have in common: their range by method, their signs, and how many superpixels. */
import { computed, type ReadonlySignal } from "@preact/signals";
import type { Range, ValueMap } from "../../data/maps.ts";
import { range } from "../../state/appearance.ts";

export function rangesOf(maps: ReadonlySignal<readonly { method: string; map: ValueMap }[]>) {
  /** By method, the range that all of its maps share. */
  const sharedRanges = computed<ReadonlyMap<string, Range>>(() => {
    const ranges = new Map<string, Range>();
    for (const { method, map } of maps.value) {
      const { low, high } = ranges.get(method) ?? map.range;
      ranges.set(method, { low: Math.min(low, map.range.low), high: Math.max(high, map.range.high) });
    }
    return ranges;
  });
  return {
    sharedRanges,
    signedness: computed(() => ({
      signed: maps.value.some(({ map }) => map.signed),
      unsigned: maps.value.some(({ map }) => !map.signed),
    })),
    /** How many superpixels the maps have at most; 0: they have none. */
    superpixelCount: computed(() =>
      Math.max(0, ...maps.value.map(({ map }) => (map.form === "superpixels" ? map.weights.length : 0))),
    ),
    /** The range by which a map is normalised. */
    rangeFor: (map: ValueMap, method: string): Range =>
      (range.value === "shared" && sharedRanges.value.get(method)) || map.range,
  };
}
