/** The listing of a run: which records its series have at which steps, put together from pages, and later from what is new. */
import type { SeriesSteps, StepsPage } from "./answers.ts";

/** By `seriesKey`, and where the next page begins. */
export type Listing = { series: ReadonlyMap<string, SeriesSteps>; next: string | null };

export const NOTHING_LISTED: Listing = { series: new Map(), next: null };

/** What tells the series of one run apart. */
export function seriesKey({ kind, tag }: { kind: string; tag: string }): string {
  return `${kind}:${tag}`; // kinds have no colon
}

/** A listing and all that `fetchPage` says came since. */
export async function followListing(
  known: Listing,
  fetchPage: (after: string | null) => Promise<StepsPage>,
): Promise<Listing> {
  let next = known.next;
  let pieces = new Map(Array.from(known.series, ([name, steps]): [string, SeriesSteps[]] => [name, [steps]]));
  for (;;) {
    const page = await fetchPage(next);
    if (page.anew) pieces = new Map();
    for (const steps of page.series) pieces.set(seriesKey(steps), [...(pieces.get(seriesKey(steps)) ?? []), steps]);
    next = page.next;
    if (page.more) continue;
    const place = placesOf(page.parts);
    const series = Array.from(pieces, ([name, of]): [string, SeriesSteps] => [name, joined(of, place)]);
    return { series: new Map(series), next };
  }
}

/** Orders keys of one step: by the place of what holds them in `parts`, then by number. */
type Place = (key: string) => [part: number, entry: number];

function placesOf(parts: readonly string[]): Place {
  const bySegment = new Map<string, { entry: number; place: number }[]>();
  parts.forEach((part, place) => {
    const [segment, entry] = split(part);
    bySegment.set(segment, [...(bySegment.get(segment) ?? []), { entry, place }]);
  });
  for (const within of bySegment.values()) within.sort((a, b) => b.entry - a.entry);
  return (key) => {
    const [segment, entry] = split(key);
    return [bySegment.get(segment)?.find((part) => part.entry <= entry)?.place ?? -1, entry];
  };
}

function split(key: string): [segment: string, entry: number] {
  const dash = key.lastIndexOf("-");
  return [key.slice(0, dash), Number(key.slice(dash + 1))];
}

/** Pieces of one series, each in order. */
function joined(pieces: readonly SeriesSteps[], place: Place): SeriesSteps {
  const [first] = pieces as [SeriesSteps];
  if (pieces.length === 1) return first;
  const all: SeriesSteps = {
    ...first,
    steps: first.steps.concat(...pieces.slice(1).map(({ steps }) => steps)),
    wall_times: first.wall_times.concat(...pieces.slice(1).map(({ wall_times }) => wall_times)),
    counts: first.counts.concat(...pieces.slice(1).map(({ counts }) => counts)),
    keys: first.keys.concat(...pieces.slice(1).map(({ keys }) => keys)),
  };
  const { steps, keys } = all;
  const order = (a: number, b: number): number => {
    const later = (steps[a] as number) - (steps[b] as number);
    if (later) return later;
    const [ofA, ofB] = [place(keys[a] as string), place(keys[b] as string)];
    return ofA[0] - ofB[0] || ofA[1] - ofB[1];
  };
  let end = 0;
  const ordered = pieces.every((piece) => {
    const start = end;
    end += piece.steps.length;
    return start === 0 || start === end || order(start - 1, start) < 0;
  });
  if (ordered) return all;
  const rows = steps.map((_, i) => i).sort(order);
  const sorted = <Value>(values: readonly Value[]) => rows.map((i) => values[i] as Value);
  return {
    ...all,
    steps: sorted(steps),
    wall_times: sorted(all.wall_times),
    counts: sorted(all.counts),
    keys: sorted(keys),
  };
}
