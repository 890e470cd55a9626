/** What the maps in sight have in common: their range by method, their signs, and how many superpixels. */
import type { Range, ValueMap } from "../../data/maps.ts";
import { range } from "../../state/appearance.ts";

export type MethodMap = { method: string; map: ValueMap };

/** By method, the range that all of its maps share. */
export function sharedRangesOf(maps: readonly MethodMap[]): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>();
  for (const { method, map } of maps) {
    const { low, high } = ranges.get(method) ?? map.range;
    ranges.set(method, { low: Math.min(low, map.range.low), high: Math.max(high, map.range.high) });
  }
  return ranges;
}

export function signednessOf(maps: readonly MethodMap[]): { signed: boolean; unsigned: boolean } {
  return { signed: maps.some(({ map }) => map.signed), unsigned: maps.some(({ map }) => !map.signed) };
}

/** How many superpixels the maps have at most; 0: they have none. */
export function mostSuperpixels(maps: readonly MethodMap[]): number {
  return Math.max(0, ...maps.map(({ map }) => (map.form === "superpixels" ? map.weights.length : 0)));
}

/** The range by which a map is normalised. */
export function normalising(map: ValueMap, method: string, shared: ReadonlyMap<string, Range>): Range {
  return (range.value === "shared" && shared.get(method)) || map.range;
}
