/** The JSON answers of the plugin, as docs/http.md describes them. */

export type SeriesDeclaration = {
  tag: string;
  kind: string;
  method: string;
  layer: string;
  parameters: string;
  description: string;
  records: number;
};

export type Counts = { unknown: number; damaged: number; failed: number; dropped: number };

type Failure = {
  tag: string;
  step: number;
  wall_time: number;
  message: string;
  detail: string;
  dropped: boolean;
};

/** `epoch` is another when keys that were listed before may be gone: segments were merged, deleted, or a purge came. */
export type Run = { run: string; epoch?: string; series: SeriesDeclaration[]; counts: Counts; failures: Failure[] };

/** `notices` are what keeps runs from being shown, a sentence each; `indexing` is the share that was read, while the server still reads. */
export type RunsAnswer = { runs: Run[]; notices?: string[]; indexing?: number };

/** The records of one series: four arrays of one length, ordered by step, then by time of writing. */
export type SeriesSteps = {
  tag: string;
  kind: string;
  steps: number[];
  wall_times: number[];
  counts: number[];
  keys: string[];
};

/** A part of a listing: the records that came after those of an earlier page, or, `anew`, the first, which replaces them. */
export type StepsPage = {
  series: SeriesSteps[];
  /** The first key of everything that holds records, in the order in which those of one step are shown. */
  parts: string[];
  next: string;
  more: boolean;
  anew: boolean;
};
