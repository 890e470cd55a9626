/** The series that the shown view shows, as the index of steps calls them. */
import { computed } from "@preact/signals";
import { comparedSeries } from "./compare.ts";
import { shownChannels } from "./features.ts";
import { overviewRuns } from "./overview_series.ts";
import { shownProjections } from "./projections.ts";
import { openSample } from "./samples.ts";
import { type LoggedSeries, seriesKey, seriesOf, shownSeries } from "./series.ts";
import { view } from "./view.ts";

export const shownKeys = computed<{ run: string; key: string }[]>(() => {
  switch (view.value) {
    case "sample":
      return (openSample.value ? seriesOf(openSample.value.run) : shownSeries.value).map(keyOf);
    case "overview":
      return overviewRuns.value.flatMap(({ run, series }) =>
        series.map((declared) => keyOf({ ...declared, run: run.run })),
      );
    case "projection":
      return shownProjections.value.map(keyOf);
    case "features":
      return shownChannels.value.map(keyOf);
    case "compare":
      return comparedSeries.value.map(keyOf);
    default:
      return shownSeries.value.map(keyOf);
  }
});

function keyOf(series: LoggedSeries): { run: string; key: string } {
  return { run: series.run, key: seriesKey(series) };
}
