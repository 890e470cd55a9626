/** What the overview says of channels and of classes: read from the headers of records, whose columns are never fetched. */
import { type ChannelLayer, joinLayer, type Logged } from "../data/channel_layer.ts";
import type { Measure } from "../data/explained.ts";
import type { ClassPair } from "../data/projections.ts";
import { loadChannels } from "./channel_records.ts";
import { requestClassNames } from "./class_names.ts";
import { loadHeaders } from "./projection_records.ts";

/** How many channels of a layer do nothing, and how many others already do what they do. */
export type LayerNote = {
  layer: string;
  count: number;
  /** `undefined`: nobody has looked. */
  dead: number | undefined;
  /** Channels that another one could stand for. */
  spare: number | undefined;
  /** Of all layers the greatest share of such channels. */
  mostRedundant: boolean;
};

/** The newest record of each series at or before a step. */
export type Wanted = { tag: string; layer: string; step: number; key: string };

/** In the order in which layers were logged; those that cannot be read are left out. */
export async function loadLayerNotes(run: string, wanted: readonly Wanted[], step: number): Promise<LayerNote[]> {
  const headers = await loadChannels(
    run,
    wanted.map(({ key }) => key),
  );
  const byLayer = new Map<string, Logged[]>();
  wanted.forEach(({ tag, layer, step }, i) => {
    const channels = headers[i]?.channels;
    if (channels) byLayer.set(layer, [...(byLayer.get(layer) ?? []), { tag, step, channels }]);
  });
  return notesOf(Array.from(byLayer, ([layer, logged]) => [layer, joinLayer(logged, step) as ChannelLayer]));
}

export function notesOf(layers: readonly (readonly [string, ChannelLayer])[]): LayerNote[] {
  const notes = layers.map(([name, layer]) => noteOf(name, layer));
  const shares = notes.map(({ spare = 0, count }) => spare / count);
  const most = Math.max(...shares);
  return notes.map((note, i) => ({ ...note, mostRedundant: most > 0 && i === shares.indexOf(most) }));
}

function noteOf(layer: string, { count, measures, groups }: ChannelLayer): Omit<LayerNote, "mostRedundant"> {
  const dead = measures.get("dead")?.value.value;
  return {
    layer,
    count,
    dead: dead === undefined ? undefined : Math.round(dead * count),
    spare: groups?.value.reduce((sum, { channels }) => sum + channels.length - 1, 0),
  };
}

/** The classes that a projection finds hardest to tell apart. */
export type ClassNote = {
  tag: string;
  step: number;
  rows: number;
  /** Content hash of the class names. */
  classes: string;
  pairs: readonly ClassPair[];
  measures: readonly Measure[];
};

const PAIRS = 4;

/** Those without pairs of classes say nothing here. */
export async function loadClassNotes(run: string, wanted: readonly Wanted[]): Promise<ClassNote[]> {
  const headers = await Promise.allSettled(
    loadHeaders(
      run,
      wanted.map(({ key }) => key),
    ),
  );
  return headers.flatMap((header, i): ClassNote[] => {
    if (header.status === "rejected" || !header.value.classDistances?.pairs.length) return [];
    const { rows, classes, classDistances, measures } = header.value;
    requestClassNames(run, classes);
    const { tag, step } = wanted[i] as Wanted;
    return [{ tag, step, rows, classes, pairs: mostConfusable(classDistances.pairs), measures }];
  });
}

/** Those that are taken for each other most often, then those that lie nearest to each other. */
export function mostConfusable(pairs: readonly ClassPair[]): ClassPair[] {
  return pairs.toSorted((a, b) => b.confusions - a.confusions || a.separability - b.separability).slice(0, PAIRS);
}
