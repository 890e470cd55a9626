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

/** Throws one sentence when the payload contradicts itself. */
export function decodeSummary(payload: Uint8Array): RecordSummary {
  const message = fromBinary(SummarySchema, payload);
  const n = message.samples.length;
  const t = n ? Math.floor(message.targets.length / n) : 0;
  return { samples: samplesOf(message, [n, t], () => ({})), classes: toHex(message.classes) };
}
