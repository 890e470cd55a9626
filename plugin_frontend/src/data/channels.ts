/** Decodes the header of Channels: what is known of the channels of a layer, and which columns hold it. */

import {
  type Channels as ChannelsMessage,
  ChannelsSchema,
  DType,
  type ChannelGroup as GroupMessage,
  type Maximised as MaximisedMessage,
  type NamedColumn,
  type TopPatches as TopsMessage,
} from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { type Column, columnOf } from "./columns.ts";
import { describe, type ExplainedSample, known, type Measure, measuresOf, toHex } from "./explained.ts";
import { type Sheets, sheetsOf } from "./sheets.ts";

/** An image that the maps are of. */
export type ProbeImage = Omit<ExplainedSample, "targets">;

/** A map of each channel over each of some images. */
export type Maps = {
  images: readonly ProbeImage[];
  /** The layer's own: [h, w] or [d, h, w]. */
  grid: readonly number[];
  /** One an image: UINT8 [C, ...grid]. */
  columns: readonly Column[];
  /** FLOAT32 [N, C, 2]: the values 0 and 255 of each map. */
  ranges: Column;
  /** Of the images, in pixels. */
  height: number;
  width: number;
};

/** A number for each channel, or, with content hash of their names in `categories`, a category. */
export type Statistic = { name: string; values: Column; categories: string; low: number; high: number };

/** The strongest parts of images, `count` of each channel. */
export type Tops = {
  count: number;
  pictures: Sheets | undefined;
  values: Column;
  ids: Column | undefined;
  labels: Column | undefined;
  boxes: Column | undefined;
  /** Bounds a box has: 2 an axis. */
  bounds: number;
};

/** Images made to raise something. */
export type Maximised = {
  recipe: string;
  objectives: readonly string[];
  /** The channel that each raised; -1: none of this layer. */
  channels: Column | undefined;
  pictures: Sheets | undefined;
  /** [M, steps + 1]. */
  traces: Column | undefined;
  states: Column | undefined;
};

/** States of maximised images; 0: it raised what it was made to raise. */
export const DEAD = 1;
export const STOPPED = 2;

/** Channels that do nearly the same, the one that could stand for all first. */
export type Group = { channels: readonly number[]; relation: string; similarity: number; cost: number | undefined };

export type Channels = {
  /** How many. */
  count: number;
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
  maps: Maps | undefined;
  statistics: readonly Statistic[];
  /** FLOAT16 [C, K]. */
  classMeans: Column | undefined;
  tops: Tops | undefined;
  maximised: Maximised | undefined;
  groups: readonly Group[];
  measures: readonly Measure[];
  /** Of the templates that mask the maps; 0: nothing does. */
  templateSlope: number;
  notes: readonly string[];
};

/** The widest layers have some ten thousands. */
const MOST_CHANNELS = 2 ** 17;

/** Throws one sentence when the header contradicts itself, so that everything behind this door may trust it. */
export function decodeChannels(payload: Uint8Array): Channels {
  const message = fromBinary(ChannelsSchema, payload);
  const { channels: count, templateSlope } = message;
  if (count === 0) throw new Error("Channels of which there is none.");
  if (count > MOST_CHANNELS) throw new Error("More channels than a page can show.");
  const classMeans = columnOf(message.classMeans);
  if (classMeans && (classMeans.shape.length !== 2 || classMeans.shape[0] !== count))
    throw new Error("Means of classes that contradict the channels.");
  if (!(templateSlope >= 0)) throw new Error("Templates without a slope.");
  return {
    count,
    classes: toHex(message.classes),
    maps: mapsOf(message),
    statistics: message.statistics.flatMap((named) => statisticOf(named, count)),
    classMeans: classMeans?.shape[1] ? classMeans : undefined,
    tops: message.tops && topsOf(message.tops, count),
    maximised: message.maximised && maximisedOf(message.maximised),
    groups: message.groups.map((group) => groupOf(group, count)),
    measures: measuresOf(message.measures),
    templateSlope,
    notes: message.notes,
  };
}

function mapsOf(message: ChannelsMessage): Maps | undefined {
  const { samples, channels: count } = message;
  if (message.maps.length === 0) return undefined;
  const columns = message.maps.flatMap((column) => columnOf(column) ?? []);
  if (columns.length !== samples.length) throw new Error("Maps that contradict their images.");
  const grid = columns[0]?.shape.slice(1) ?? [];
  if ((grid.length !== 2 && grid.length !== 3) || grid.includes(0)) throw new Error("Maps of no extent.");
  for (const { shape, dtype } of columns) {
    if (dtype !== DType.UINT8) throw new Error("Maps that are not stored in bytes.");
    if (String(shape) !== String([count, ...grid])) throw new Error("Maps that contradict the channels.");
  }
  const ranges = columnOf(message.ranges);
  if (ranges?.dtype !== DType.FLOAT32 || String(ranges.shape) !== String([samples.length, count, 2]))
    throw new Error("Maps without their ranges.");
  const { height, width } = message;
  return {
    images: samples.map(describe),
    grid,
    columns,
    ranges,
    ...(height && width ? { height, width } : sizeOfGrid(grid)),
  };
}

/** Of a picture of the grid; that of voxels shows three projections side by side. */
export function sizeOfGrid(grid: readonly number[]): { height: number; width: number } {
  const [d = 1, h = 1, w = 1] = grid.length === 3 ? grid : [0, ...grid];
  return grid.length === 3 ? { height: Math.max(h, d), width: w + d + w } : { height: h, width: w };
}

function statisticOf({ name, values, categories, low, high }: NamedColumn, count: number): Statistic[] {
  const column = columnOf(values);
  if (!column) return [];
  if (String(column.shape) !== String([count])) throw new Error(`Statistics (${name}) that contradict the channels.`);
  if (categories.length && column.dtype !== DType.UINT16)
    throw new Error(`Categories (${name}) that are not stored as indices.`);
  return [{ name, values: column, categories: toHex(categories), low, high }];
}

function topsOf(message: TopsMessage, channels: number): Tops | undefined {
  const { count } = message;
  if (count === 0) return undefined;
  const column = (name: "values" | "images" | "labels", dtype: DType) => {
    const found = columnOf(message[name]);
    if (found && (found.dtype !== dtype || String(found.shape) !== String([channels, count])))
      throw new Error(`Patches whose ${name} contradict the channels.`);
    return found;
  };
  const values = column("values", DType.FLOAT32);
  if (!values) throw new Error("Patches without responses.");
  const boxes = columnOf(message.boxes);
  const bounds = boxes?.shape[2] ?? 0;
  if (boxes && (boxes.dtype !== DType.INT32 || String(boxes.shape) !== String([channels, count, bounds]) || bounds % 2))
    throw new Error("Patches whose places contradict the channels.");
  return {
    count,
    pictures: sheetsOf(message.pictures, channels * count),
    values,
    ids: column("images", DType.UINT64),
    labels: column("labels", DType.UINT16),
    boxes: bounds ? boxes : undefined,
    bounds,
  };
}

function maximisedOf(message: MaximisedMessage): Maximised {
  const { recipe, objectives } = message;
  const m = objectives.length;
  const column = (name: "channels" | "states", dtype: DType) => {
    const found = columnOf(message[name]);
    if (found && (found.dtype !== dtype || String(found.shape) !== String([m])))
      throw new Error(`Maximised images whose ${name} contradict their objectives.`);
    return found;
  };
  const traces = columnOf(message.traces);
  if (traces && (traces.dtype !== DType.FLOAT32 || traces.shape.length !== 2 || traces.shape[0] !== m))
    throw new Error("Traces that contradict their objectives.");
  return {
    recipe,
    objectives,
    channels: column("channels", DType.INT32),
    pictures: sheetsOf(message.pictures, m),
    traces: traces?.shape[1] ? traces : undefined,
    states: column("states", DType.UINT8),
  };
}

function groupOf({ channels, relation, similarity, cost }: GroupMessage, count: number): Group {
  if (channels.length < 2) throw new Error("A group of fewer than two channels.");
  if (channels.some((channel) => channel >= count)) throw new Error("A group of channels that do not exist.");
  return { channels, relation, similarity, cost: known(cost) };
}
