/** Decodes the header of a Projection: what is known of its rows, and which columns hold it. */

import {
  type ClassDistances as ClassDistancesMessage,
  DType,
  type Projection as ProjectionMessage,
  ProjectionSchema,
} from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { type Column, columnOf } from "./columns.ts";
import { known, type Measure, measuresOf, toHex } from "./explained.ts";

/** Whatever else is known of the rows: numbers, or categories by content hash of their names. */
export type NamedColumn = { name: string; column: Column; categories: string; low: number; high: number };

/** Sheets of `down` by `across` tiles, each `height` by `width` pixels; `sheets` holds content hashes of images. */
type Thumbnails = { height: number; width: number; down: number; across: number; sheets: Column };

/** Two classes that are near each other. */
export type ClassPair = {
  first: number;
  second: number;
  distance: number;
  separability: number;
  neighbours: number;
  confusions: number;
  /** Rows that lie between the two. */
  rows: readonly number[];
};

/** How the K classes that occur lie in the space of the features. */
export type ClassDistances = {
  /** Ascending: the axes of the matrices. */
  classes: readonly number[];
  counts: readonly number[];
  spreads: readonly number[];
  silhouettes: readonly number[];
  purities: readonly number[];
  /** [K, K] each. */
  distances: Column;
  neighbours: Column | undefined;
  confusions: Column | undefined;
  pairs: readonly ClassPair[];
  /** How well nearness and confusions go together over pairs of classes, -1 to 1. */
  agreement: number | undefined;
};

export type Projection = {
  rows: number;
  /** How many more were given, whose features are not finite. */
  dropped: number;
  /** How many of the rows the reduction was fitted to. */
  fitted: number;
  dims: 2 | 3;
  positions: Column;
  ids: Column;
  labels: Column | undefined;
  predicted: Column | undefined;
  probabilities: Column | undefined;
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
  columns: readonly NamedColumn[];
  /** [N, k] rows, nearest first, and how far they are. */
  neighbours: Column | undefined;
  distances: Column | undefined;
  thumbnails: Thumbnails | undefined;
  measures: readonly Measure[];
  classDistances: ClassDistances | undefined;
  notes: readonly string[];
};

/** What is drawn at once, and what a matrix of classes may have along a side. */
const MOST_ROWS = 2 ** 23;
const MOST_CLASSES = 2 ** 11;

/** Throws one sentence when the header contradicts itself, so that everything behind this door may trust it. */
export function decodeProjection(payload: Uint8Array): Projection {
  const message = fromBinary(ProjectionSchema, payload);
  const { rows, dropped, fitted, notes } = message;
  if (rows > MOST_ROWS) throw new Error("A projection of more rows than a page can show.");
  const positions = columnOf(message.positions);
  const dims = positions?.shape[1];
  if (!positions || positions.dtype !== DType.UINT16 || (dims !== 2 && dims !== 3) || !(positions.scale > 0))
    throw new Error("A projection without positions in two or three dimensions.");
  expectShape(positions, [rows, dims], "positions");
  const column = (name: "ids" | "labels" | "predicted" | "probabilities", dtype: DType) => {
    const found = columnOf(message[name]);
    if (found && found.dtype !== dtype) throw new Error(`A projection whose ${name} are of another type than theirs.`);
    if (found) expectShape(found, [rows], name);
    return found;
  };
  const ids = column("ids", DType.UINT64);
  if (!ids) throw new Error("A projection whose rows have no ids.");
  const neighbours = columnOf(message.neighbours);
  const distances = columnOf(message.distances);
  const k = neighbours?.shape[1] ?? 0;
  if (neighbours) expectShape(neighbours, [rows, k], "neighbours");
  if (distances) expectShape(distances, [rows, k], "distances of neighbours");
  return {
    rows,
    dropped,
    fitted,
    dims,
    positions,
    ids,
    labels: column("labels", DType.UINT16),
    predicted: column("predicted", DType.UINT16),
    probabilities: column("probabilities", DType.UINT16),
    classes: toHex(message.classes),
    columns: message.columns.flatMap(({ name, values, categories, low, high }) => {
      const found = columnOf(values);
      if (!found) return [];
      expectShape(found, [rows], `values of ${name}`);
      if (categories.length && found.dtype !== DType.UINT16)
        throw new Error(`A projection whose categories of ${name} are no indices.`);
      return [{ name, column: found, categories: toHex(categories), low, high }];
    }),
    neighbours: k ? neighbours : undefined,
    distances: k ? distances : undefined,
    thumbnails: thumbnailsOf(message.thumbnails, rows),
    measures: measuresOf(message.measures),
    classDistances: message.classDistances && distancesOf(message.classDistances, rows),
    notes,
  };
}

function thumbnailsOf(message: ProjectionMessage["thumbnails"], rows: number): Thumbnails | undefined {
  const sheets = columnOf(message?.sheets);
  if (!message || !sheets) return undefined;
  const { height, width, down, across } = message;
  if (height * width * down * across === 0) throw new Error("Thumbnails of no extent.");
  expectShape(sheets, [Math.ceil(rows / (down * across)), 16], "sheets of thumbnails");
  if (sheets.dtype !== DType.UINT8) throw new Error("Sheets of thumbnails that are no hashes.");
  return { height, width, down, across, sheets };
}

function distancesOf(message: ClassDistancesMessage, rows: number): ClassDistances {
  const { classes, counts, spreads, silhouettes, purities, pairs } = message;
  const k = classes.length;
  if (k > MOST_CLASSES) throw new Error("Distances of more classes than a page can show.");
  for (const values of [counts, spreads, silhouettes, purities])
    if (values.length !== 0 && values.length !== k) throw new Error("Distances that contradict their classes.");
  const matrix = (column: Column | undefined, name: string) => {
    if (column) expectShape(column, [k, k], name);
    return column;
  };
  const distances = matrix(columnOf(message.distances), "distances of classes");
  if (!distances) throw new Error("Distances of classes that are absent.");
  const present = new Set(classes);
  for (const pair of pairs) {
    if (!present.has(pair.first) || !present.has(pair.second)) throw new Error("Pairs of classes that do not occur.");
    if (pair.rows.some((row) => row >= rows)) throw new Error("Pairs of classes with rows that do not exist.");
  }
  return {
    classes,
    counts,
    spreads,
    silhouettes,
    purities,
    distances,
    neighbours: matrix(columnOf(message.neighbours), "neighbours of classes"),
    confusions: matrix(columnOf(message.confusions), "confusions of classes"),
    pairs: pairs.map(({ first, second, distance, separability, neighbours, confusions, rows }) => ({
      first,
      second,
      distance,
      separability,
      neighbours,
      confusions,
      rows,
    })),
    agreement: known(message.agreement),
  };
}

function expectShape({ shape }: Column, expected: readonly number[], what: string): void {
  if (String(shape) !== String(expected)) throw new Error(`A projection whose ${what} contradict its rows.`);
}
