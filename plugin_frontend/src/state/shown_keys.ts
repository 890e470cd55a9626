/** The series that the shown view shows, as the index of steps calls them. */
import { computed } from "@preact/signals";
import { channelsKey, shownChannels } from "./features.ts";
import { projectionKey, shownProjections } from "./projections.ts";
import { seriesKey, shownSeries } from "./series.ts";
import { view } from "./view.ts";

export const shownKeys = computed<{ run: string; key: string }[]>(() => {
  switch (view.value) {
    case "projection":
      return shownProjections.value.map(({ run, tag }) => ({ run, key: projectionKey(tag) }));
    case "features":
      return shownChannels.value.map(({ run, tag }) => ({ run, key: channelsKey(tag) }));
    default:
      return shownSeries.value.map((series) => ({ run: series.run, key: seriesKey(series) }));
  }
});
