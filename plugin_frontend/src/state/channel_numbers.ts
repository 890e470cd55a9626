/** Numbers of the channels of a layer, decoded from its columns: what tiles are ordered, filtered and labelled by. */
import type { ChannelLayer, Part } from "../data/channel_layer.ts";
import type { Group, Maximised, Statistic } from "../data/channels.ts";
import { numbersOf, UNKNOWN } from "../data/columns.ts";
import { loadColumn } from "./columns.ts";

/** The `index`-th picture of `part`. */
export type Picture = { part: Part<Maximised>; index: number };

export type ChannelNumbers = {
  /** By name; categories as indices, NaN for none. */
  statistics: ReadonlyMap<string, Float32Array>;
  /** Of each channel, those that raised it. */
  pictures: readonly (readonly Picture[])[];
  /** Those that raised something that is no channel of the layer, such as a direction. */
  others: readonly Picture[];
  /** Of each channel, its group by its place in the ranking, or -1. */
  groupOf: Int32Array;
  groups: readonly Group[];
  /** What could not be read, a sentence each. */
  problems: readonly string[];
};

export async function loadNumbers(run: string, layer: ChannelLayer): Promise<ChannelNumbers> {
  const problems: string[] = [];
  const statistics = new Map<string, Float32Array>();
  const names = [...layer.statistics.values()].map(({ value }) => value);
  const read = await Promise.allSettled(names.map((statistic) => numbersIn(run, statistic)));
  read.forEach((result, i) => {
    const { name } = names[i] as Statistic;
    if (result.status === "fulfilled") statistics.set(name, result.value);
    else problems.push(`The statistic “${name}” cannot be read: ${sentenceOf(result.reason)}`);
  });
  const pictures: Picture[][] = Array.from({ length: layer.count }, () => []);
  const others: Picture[] = [];
  for (const part of layer.maximised) {
    const { channels, objectives } = part.value;
    const raised =
      channels &&
      (await loadColumn(run, channels).catch((reason) => {
        problems.push(`Maximised images cannot be told apart: ${sentenceOf(reason)}`);
        return undefined;
      }));
    objectives.forEach((_, index) => {
      (pictures[raised?.[index] ?? -1] ?? others).push({ part, index });
    });
  }
  const groups = layer.groups?.value ?? [];
  const groupOf = new Int32Array(layer.count).fill(-1);
  groups.forEach(({ channels }, at) => {
    for (const channel of channels) if (groupOf[channel] === -1) groupOf[channel] = at;
  });
  return { statistics, pictures, others, groupOf, groups, problems };
}

async function numbersIn(run: string, { values, categories }: Statistic): Promise<Float32Array> {
  const numbers = numbersOf(values, await loadColumn(run, values));
  return categories ? numbers.map((index) => (index === UNKNOWN ? Number.NaN : index)) : numbers;
}

export function sentenceOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
