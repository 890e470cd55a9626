/** Which series the overview tells of: all of the shown runs that the filter of tags leaves. */
import { computed } from "@preact/signals";
import type { Run, SeriesDeclaration } from "../data/answers.ts";
import { isKind, LISTED_KINDS } from "../data/kinds.ts";
import { matching } from "./filter.ts";
import { groupBy } from "./group.ts";
import type { StepIndex } from "./overview_logged.ts";
import { shownRuns } from "./runs.ts";
import { type Series, seriesKey, tagPattern } from "./series.ts";

export type RunSeries = { run: Run; series: readonly SeriesDeclaration[] };

export const overviewRuns = computed<RunSeries[]>(() =>
  shownRuns.value.map((run) => ({
    run,
    series: matching(
      run.series.filter(({ kind }) => LISTED_KINDS.includes(kind)),
      tagPattern.value,
      ({ tag }) => tag,
    ),
  })),
);

/** Those of samples. */
export function sampleSeries({ run, series }: RunSeries): Series[] {
  return series.flatMap(({ kind, ...declared }) => (isKind(kind) ? [{ ...declared, kind, run: run.run }] : []));
}

/** More probes than this are not told apart at a glance. */
const MOST_PROBES = 3;

/**
 * One series for each set of samples that was followed, as the first part of the tag names it: the one logged at the most
 * steps, of those the one with the fewest records.
 */
export function probesOf(series: readonly Series[], index: StepIndex): Series[] {
  const stepsOf = (one: Series) => new Set(index?.get(seriesKey(one))?.steps).size;
  return Array.from(
    groupBy(series, ({ tag }) => tag.split("/")[0] ?? "").values(),
    (group) => group.sort((a, b) => stepsOf(b) - stepsOf(a) || a.records - b.records)[0] as Series,
  )
    .sort((a, b) => stepsOf(b) - stepsOf(a))
    .slice(0, MOST_PROBES);
}
