/** The series that the shown view shows, as the index of steps calls them. */
import { computed } from "@preact/signals";
import { comparedSeries } from "./compare.ts";
import { channelsKey, shownChannels } from "./features.ts";
import { overviewRuns } from "./overview_series.ts";
import { projectionKey, shownProjections } from "./projections.ts";
import { openSample } from "./samples.ts";
import { type Series, seriesKey, seriesOf, shownSeries } from "./series.ts";
import { view } from "./view.ts";

export const shownKeys = computed<{ run: string; key: string }[]>(() => {
  switch (view.value) {
    case "sample":
      return (openSample.value ? seriesOf(openSample.value.run) : shownSeries.value).map(keyOf);
    case "overview":
      return overviewRuns.value.flatMap(({ run, series }) =>
        series.map((declared) => ({ run: run.run, key: seriesKey(declared) })),
      );
    case "projection":
      return shownProjections.value.map(({ run, tag }) => ({ run, key: projectionKey(tag) }));
    case "features":
      return shownChannels.value.map(({ run, tag }) => ({ run, key: channelsKey(tag) }));
    case "compare":
      return comparedSeries.value.map(keyOf);
    default:
      return shownSeries.value.map(keyOf);
  }
});

function keyOf(series: Series): { run: string; key: string } {
  return { run: series.run, key: seriesKey(series) };
}
