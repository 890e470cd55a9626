/** Decodes a Reconstructions payload: what a feedback network makes of a sample's codes, layer by layer and from its class. */
import {
  Better,
  type Figure as FigureMessage,
  type Picture,
  type Reconstructions,
  ReconstructionsSchema,
  type ResponseField as ResponseFieldMessage,
} from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { ERROR_RATIO, ERRORS } from "./errors.ts";
import { checkLength, type ExplainedRecord, explainedRecord, extentOf, known } from "./explained.ts";
import type { PictureMap } from "./maps.ts";
import { type StoredPicture, storedPicture } from "./volumes.ts";

export type Reconstruction = {
  /** Whose activations were decoded; empty: the class probabilities. */
  layer: string;
  throughCentroids: boolean;
  picture: StoredPicture;
  /** Sum of squared differences from the input. */
  error: number | undefined;
};

/** What one position of a layer stands for. Places have one number an axis: [y, x] or [z, y, x]. */
export type ResponseField = {
  layer: string;
  position: number[];
  /** How many positions the layer has along each axis. */
  positions: number[];
  /** Of the receptive field in the input; stops are exclusive. */
  starts: number[];
  stops: number[];
  /** Of the response field in the layer. */
  fieldStarts: number[];
  fieldStops: number[];
  /** The receptive field: as it is, and reconstructed from this position, from the response field, from the whole layer. */
  input: StoredPicture;
  alone: StoredPicture;
  field: StoredPicture;
  whole: StoredPicture;
};

export type ReconstructionDetail = {
  kind: "RECONSTRUCTIONS";
  input: StoredPicture;
  /** From the first layer to the last, then from the class. */
  reconstructions: Reconstruction[];
  /** The training sample that stands for the predicted class, and what is reconstructed from its class probabilities. */
  representative: StoredPicture | undefined;
  prototype: StoredPicture | undefined;
  fields: ResponseField[];
};

export function decodeReconstructions(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(ReconstructionsSchema, payload);
  const n = message.samples.length;
  const extent = extentOf(message);
  check(message);
  const described = { ...message, figures: [...message.figures, ...ratioOf(message.figures)] };
  return explainedRecord(described, [n, 1], extent, true, (index) => {
    const reconstructions = message.reconstructions.map(({ layer, throughCentroids, pictures, errors }) => ({
      layer,
      throughCentroids,
      picture: storedPicture(pictures[index] as Picture),
      error: known(errors[index]),
    }));
    const picture = mostAbstract(reconstructions)?.picture ?? { image: "", volume: "" };
    const map: PictureMap = { form: "picture", id: `${key}/${index}`, picture, signed: false, ...extent };
    const { image, volume } = message.samples[index] as Reconstructions["samples"][number];
    const optional = (pictures: Picture[]) => pictures[index] && storedPicture(pictures[index]);
    const detail: ReconstructionDetail = {
      kind: "RECONSTRUCTIONS",
      input: storedPicture({ image, volume } as Picture),
      reconstructions,
      representative: optional(message.representatives),
      prototype: optional(message.prototypes),
      fields: message.fields.filter(({ sample }) => sample === index).map(fieldOf),
    };
    return { map, detail };
  });
}

/** The one that stands for them all on a tile: from the class, or else from the last layer. */
export function mostAbstract(reconstructions: readonly Reconstruction[]): Reconstruction | undefined {
  return (
    reconstructions.find(({ layer, throughCentroids }) => !layer && !throughCentroids) ??
    reconstructions.find(({ layer }) => !layer) ??
    reconstructions.at(-1)
  );
}

function check({ samples, reconstructions, representatives, prototypes, fields }: Reconstructions): void {
  const n = samples.length;
  for (const { pictures, errors } of reconstructions) {
    if (pictures.length !== n) throw new Error("Reconstructions that contradict their samples.");
    checkLength(errors, n);
  }
  for (const pictures of [representatives, prototypes])
    if (pictures.length && pictures.length !== n) throw new Error("Representatives that contradict their samples.");
  for (const field of fields) {
    const { sample, position, positions, starts, stops, fieldStarts, fieldStops } = field;
    const inside = position.every((at, axis) => at < (positions[axis] ?? 0));
    const alike =
      starts.length === stops.length &&
      [positions, fieldStarts, fieldStops].every((places) => places.length === position.length);
    if (sample >= n || !inside || !alike) throw new Error("A response field that contradicts itself.");
  }
}

function fieldOf(message: ResponseFieldMessage): ResponseField {
  const { layer, position, positions, starts, stops, fieldStarts, fieldStops } = message;
  const picture = (stored: Picture | undefined) => (stored ? storedPicture(stored) : { image: "", volume: "" });
  return {
    ...{ layer, position, positions, starts, stops, fieldStarts, fieldStops },
    input: picture(message.input),
    alone: picture(message.alone),
    field: picture(message.field),
    whole: picture(message.whole),
  };
}

function ratioOf(figures: readonly FigureMessage[]): FigureMessage[] {
  const named = (name: string) => figures.find((figure) => figure.name === name)?.values;
  const [own, ofClass] = [named(ERRORS[0]), named(ERRORS[3])];
  if (!own || !ofClass) return [];
  const values = own.map((error, i) => (error > 0 ? (ofClass[i] ?? Number.NaN) / error : Number.NaN));
  return [{ name: ERROR_RATIO, values, random: [], centred: [], better: Better.NEITHER }];
}
