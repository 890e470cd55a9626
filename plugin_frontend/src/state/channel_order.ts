/** Which channels are shown, and in which order. */
import type { ChannelNumbers } from "./channel_numbers.ts";
import type { ChannelSort, LIVENESS } from "./features.ts";

/** What is known of the channels of a layer. */
export type Known = {
  count: number;
  numbers: ChannelNumbers;
  /** The greatest value of each channel over the chosen image; `null`: not known. */
  peaks: Float32Array | null;
};

export type Filter = {
  liveness: (typeof LIVENESS)[number];
  classIndex: number | null;
  /** By its place in the ranking; -1: of any; `null`: whether in a group or not. */
  group: number | null;
  text: string;
  /** What a channel is called besides its number, for `text`. */
  nameOf: (channel: number) => string;
};

/** Channels in the order of the view. Those of equal rank, or of which nothing is known, are in that of the layer, the latter last. */
export function arrangeChannels(known: Known, sort: ChannelSort, reversed: boolean, filter: Filter): Int32Array {
  const rank = ranking(known, sort);
  const shown = Array.from({ length: known.count }, (_, channel) => channel).filter(chosenBy(known, filter));
  const direction = reversed ? -1 : 1;
  shown.sort((a, b) => {
    const [first, second] = [rank(a), rank(b)];
    if (Number.isNaN(first) || Number.isNaN(second))
      return Number(Number.isNaN(first)) - Number(Number.isNaN(second)) || a - b;
    return direction * (first - second) || a - b;
  });
  return Int32Array.from(shown);
}

/** What is smallest comes first; NaN: not known. */
function ranking({ numbers, peaks }: Known, sort: ChannelSort): (channel: number) => number {
  const { statistics, groupOf, groups } = numbers;
  const of = (name: string, sign = -1) => {
    const values = statistics.get(name);
    return (channel: number) => (values ? sign * (values[channel] as number) : Number.NaN);
  };
  switch (sort) {
    case "index":
      return (channel) => channel;
    case "activation":
      return (channel) => (peaks ? -(peaks[channel] as number) : Number.NaN);
    case "redundancy": {
      // Members of a group are together, the one that could stand for all first; the others follow by how alike they are to any.
      const similarity = of("similarity");
      return (channel) => {
        const group = groupOf[channel] as number;
        if (group >= 0)
          return -2 * (groups.length - group) - 2 + (groups[group]?.channels.indexOf(channel) ?? 0) * 1e-5;
        return similarity(channel);
      };
    }
    case "deadness": {
      const [dead, sparsity] = [of("dead"), of("sparsity")];
      return (channel) => {
        const [first, second] = [dead(channel), sparsity(channel)];
        return Number.isNaN(first) ? second : 2 * first + (Number.isNaN(second) ? 0 : second);
      };
    }
    default:
      return of(sort.startsWith("by:") ? sort.slice(3) : sort);
  }
}

function chosenBy({ numbers, count }: Known, filter: Filter): (channel: number) => boolean {
  const { statistics, groupOf } = numbers;
  const [dead, classes] = [statistics.get("dead"), statistics.get("class")];
  const named = matcher(filter.text, filter.nameOf, count);
  return (channel) =>
    (filter.liveness === "all" || !dead || (dead[channel] === 1) === (filter.liveness === "dead")) &&
    (filter.classIndex === null || !classes || classes[channel] === filter.classIndex) &&
    (filter.group === null || (filter.group < 0 ? groupOf[channel] !== -1 : groupOf[channel] === filter.group)) &&
    named(channel);
}

/** "3", "10-20" and lists of these are numbers of channels; anything else is a part of a name. */
function matcher(text: string, nameOf: (channel: number) => string, count: number): (channel: number) => boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return () => true;
  if (!/^\d+\s*(-\s*\d*)?(\s*,\s*(\d+\s*(-\s*\d*)?)?)*$/.test(wanted))
    return (channel) => nameOf(channel).toLowerCase().includes(wanted);
  const ranges = wanted.split(",").flatMap((part) => {
    const [, from, dash, to] = /^\s*(\d+)\s*(-?)\s*(\d*)\s*$/.exec(part) ?? [];
    return from === undefined ? [] : [{ from: Number(from), to: dash ? (to ? Number(to) : count) : Number(from) }];
  });
  return (channel) => ranges.some(({ from, to }) => channel >= from && channel <= to);
}
