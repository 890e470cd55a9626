/** Decodes a Summary: the samples of a record and their targets, without maps. */

import { SummarySchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { type ExplainedSample, type SummarisedTarget, samplesOf, toHex } from "./explained.ts";

export type SampleSummary = ExplainedSample<SummarisedTarget>;

export type RecordSummary = {
  samples: SampleSummary[];
  /** Content hash of the class names; empty when classes have none. */
  classes: string;
};

/**
 * Of one sample, by its id, or of all. Throws one sentence when the payload contradicts itself. TensorBoard has left out the others by
 * then, so that the only one there is has the first place.
 */
export function decodeSummary(payload: Uint8Array, only: string | null = null): RecordSummary {
  const message = fromBinary(SummarySchema, payload);
  const n = message.samples.length;
  const t = n ? Math.floor(message.targets.length / n) : 0;
  const samples = samplesOf(message, [n, t], () => ({}));
  return {
    samples: only === null || n === 1 ? samples : samples.filter(({ id }) => id === only),
    classes: toHex(message.classes),
  };
}
