/** Decodes a Correlations payload: what superpixels contribute alone and two by two, as Ablation-CA finds it. */

import { type Array as ArrayMessage, CorrelationsSchema, type Related } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, elementCount, validateArray } from "./arrays.ts";
import { checkLength, type ExplainedRecord, explainedRecord, extentOf, known } from "./explained.ts";
import type { SuperpixelMap } from "./maps.ts";
import { superpixelMaps } from "./superpixels.ts";

/** Two superpixels and what becomes of the score without both. */
export type Pair = {
  first: number;
  second: number;
  /** What each loses alone, summed, less what both lose together. Above 0: needed together; below 0: either will do. */
  correlation: number;
  /** Standard error of the correlation. */
  error: number | undefined;
  /** Score lost when both are ablated. */
  joint: number;
};

type Group = { superpixels: number[]; correlation: number };

/** The largest correlation of any pair when the image has this many superpixels. */
export type BlockCount = { superpixels: number; correlation: number };

export type CorrelationDetail = {
  kind: "CORRELATIONS";
  /** The weights are sensitivities: score lost when the superpixel is ablated. */
  map: SuperpixelMap;
  /** What scores are: `probability`, `logit` or `log-odds`. */
  score: string;
  /** The target's score with nothing ablated. */
  intact: number | undefined;
  /** The most important first. */
  pairs: Pair[];
  groups: Group[];
  /** Ascending. */
  blockCounts: BlockCount[];
};

export function decodeCorrelations(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(CorrelationsSchema, payload);
  const { score, scores, related } = message;
  const maps = superpixelMaps(key, extentOf(message), message.sensitivities, message.errors);
  const [, , k = 0] = maps.shape;
  checkLength(scores, message.targets.length);
  if (related.length !== message.targets.length) throw new Error("Correlations that contradict their targets.");
  return explainedRecord(message, maps.shape, extentOf(message), true, (index, segments) => {
    const map = maps.at(index, segments);
    const found = relatedOf(related[index] as Related, k);
    return { map, detail: { kind: "CORRELATIONS", map, score, intact: known(scores[index]), ...found } };
  });
}

function relatedOf({ pairs, correlations, errors, joint, groups, blockCounts }: Related, k: number) {
  const members = pairs ? numbers(pairs) : [];
  const count = members.length / 2;
  if (pairs && (pairs.shape.length !== 2 || pairs.shape[1] !== 2)) throw new Error("Pairs that are none.");
  const columns = [correlations, joint].map((column) => (column ? numbers(column) : []));
  const uncertainties = errors ? numbers(errors) : undefined;
  for (const column of uncertainties ? [...columns, uncertainties] : columns)
    if (column.length !== count) throw new Error("Correlations that contradict their pairs.");
  for (const member of [...members, ...groups.flatMap(({ superpixels }) => superpixels)])
    if (member < 0 || member >= k) throw new Error("Correlations of superpixels that do not exist.");

  const [rho = [], both = []] = columns;
  return {
    pairs: Array.from({ length: count }, (_, p) => ({
      first: members[2 * p] as number,
      second: members[2 * p + 1] as number,
      correlation: rho[p] as number,
      error: known(uncertainties?.[p]),
      joint: both[p] as number,
    })),
    groups: groups.map(({ superpixels, correlation }) => ({ superpixels, correlation })),
    blockCounts: blockCounts
      .map(({ superpixels, correlation }) => ({ superpixels, correlation }))
      .sort((a, b) => a.superpixels - b.superpixels),
  };
}

/** Of one target. */
const MOST_NUMBERS = 2 ** 16;

function numbers(array: ArrayMessage): number[] {
  validateArray(array);
  if (elementCount(array) > MOST_NUMBERS) throw new Error("More correlations than can be shown.");
  return [...decodeValues(array, 0, elementCount(array))];
}
