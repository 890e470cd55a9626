/** A layer as its records say together: of each part the newest at or before a step, or the nearest later one. */
import type { Channels, Group, Maps, Maximised, Statistic, Tops } from "./channels.ts";
import type { Column } from "./columns.ts";
import type { Measure } from "./explained.ts";

/** What was logged at `step`, which may not be the step that is shown. */
export type Part<Value> = { value: Value; step: number };

export type ChannelLayer = {
  count: number;
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
  maps: Part<Maps> | undefined;
  /** By name. */
  statistics: ReadonlyMap<string, Part<Statistic>>;
  classMeans: Part<Column> | undefined;
  tops: Part<Tops> | undefined;
  /** One of each series that has some. */
  maximised: readonly Part<Maximised>[];
  groups: Part<readonly Group[]> | undefined;
  measures: ReadonlyMap<string, Part<Measure>>;
  templateSlope: number;
  notes: readonly string[];
};

/** A record of the series called `tag`. */
export type Logged = { tag: string; step: number; channels: Channels };

/**
 * Joins records, those of equal steps in the order of writing. `undefined`: there are none. A layer whose number of channels
 * changed is as its newest record says; what contradicts that is left out.
 */
export function joinLayer(records: readonly Logged[], step: number): ChannelLayer | undefined {
  const preferred = inOrder(records, step);
  const [newest] = preferred;
  if (!newest) return undefined;
  const count = newest.channels.count;
  const same = preferred.filter(({ channels }) => channels.count === count);
  const first = <Value>(of: (channels: Channels) => Value | undefined): Part<Value> | undefined => {
    for (const { step, channels } of same) {
      const value = of(channels);
      if (value !== undefined) return { value, step };
    }
    return undefined;
  };
  return {
    count,
    classes: first(({ classes }) => classes || undefined)?.value ?? "",
    maps: first(({ maps }) => maps),
    statistics: newestOf(same, ({ statistics }) => statistics),
    classMeans: first(({ classMeans }) => classMeans),
    tops: first(({ tops }) => tops),
    maximised: newestOfEach(same),
    // Whoever looked for groups and found none says so by the similarities.
    groups: first(({ groups, statistics }) =>
      groups.length || statistics.some(({ name }) => name === "similarity") ? groups : undefined,
    ),
    measures: newestOf(same, ({ measures }) => measures),
    templateSlope: first(({ templateSlope }) => templateSlope || undefined)?.value ?? 0,
    notes: [...new Set(same.filter((logged) => logged.step === newest.step).flatMap(({ channels }) => channels.notes))],
  };
}

function newestOfEach(records: readonly Logged[]): Part<Maximised>[] {
  const found = new Map<string, Part<Maximised>>();
  for (const { tag, step, channels } of records)
    if (channels.maximised && !found.has(tag)) found.set(tag, { value: channels.maximised, step });
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}

/** The records to look a part up in, one after the other. */
function inOrder(records: readonly Logged[], step: number): Logged[] {
  const latestFirst = records.toReversed().sort((a, b) => b.step - a.step); // stable: of equal steps the last one first
  const earlier = latestFirst.filter((logged) => logged.step <= step);
  const later = latestFirst.filter((logged) => logged.step > step).sort((a, b) => a.step - b.step);
  return [...earlier, ...later];
}

/** Of each name the first. */
function newestOf<Named extends { name: string }>(
  records: readonly Logged[],
  of: (channels: Channels) => readonly Named[],
): Map<string, Part<Named>> {
  const found = new Map<string, Part<Named>>();
  for (const { step, channels } of records)
    for (const value of of(channels)) if (!found.has(value.name)) found.set(value.name, { value, step });
  return found;
}
