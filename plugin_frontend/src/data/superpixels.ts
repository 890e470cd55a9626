/** Decodes a Superpixels payload: weights of superpixels in a local model, as LIME and KernelSHAP find them. */

import { type Array as ArrayMessage, Flag, SuperpixelsSchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, validateArray } from "./arrays.ts";
import { checkLength, type ExplainedRecord, type Extent, explainedRecord, extentOf, known } from "./explained.ts";
import { SuperpixelMap } from "./maps.ts";

export type SuperpixelDetail = {
  kind: "SUPERPIXELS";
  map: SuperpixelMap;
  /** Of the local model. */
  intercept: number | undefined;
  /** How well the local model fits; 1: exactly. */
  r2: number | undefined;
  /** How often the model ran for the sample; 0: not known. */
  forwards: number;
};

/** The R² below which a local model says too little, also where the writer has not said so. */
const POOR = 0.3;

export function decodeSuperpixels(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(SuperpixelsSchema, payload);
  const { intercepts, r2, forwards } = message;
  const maps = superpixelMaps(key, extentOf(message), message.weights, message.errors);
  checkLength(intercepts, message.targets.length);
  checkLength(r2, message.targets.length);
  return explainedRecord(message, maps.shape, extentOf(message), true, (index, segments) => {
    const map = maps.at(index, segments);
    const fit = { intercept: known(intercepts[index]), r2: known(r2[index]), forwards };
    const poor = fit.r2 !== undefined && fit.r2 < POOR ? Flag.POOR_FIT : 0;
    return { map, flags: (message.flags[index] ?? 0) | poor, detail: { kind: "SUPERPIXELS", map, ...fit } };
  });
}

/** The maps of an array [N, T, K] of weights and one of their errors, which may be absent. Throws when they are no such arrays. */
export function superpixelMaps(
  key: string,
  { height, width }: Extent,
  weights: ArrayMessage | undefined,
  errors: ArrayMessage | undefined,
) {
  if (weights?.shape.length !== 3) throw new Error("Superpixels without weights.");
  validateArray(weights);
  const { shape } = weights;
  const [, , k = 0] = shape;
  if (k === 0) throw new Error("Weights of no superpixels.");
  if (k > 2 ** 16) throw new Error("Weights of more superpixels than labels can tell apart.");
  if (errors) validateArray(errors);
  if (errors && String(errors.shape) !== String(shape)) throw new Error("Errors that contradict their weights.");

  const rowOf = (array: ArrayMessage, index: number) => () => decodeValues(array, index * k, k);
  return {
    shape,
    at: (index: number, segments: string) =>
      new SuperpixelMap(
        `${key}/${index}`,
        segments,
        height,
        width,
        rowOf(weights, index),
        errors && rowOf(errors, index),
      ),
  };
}
