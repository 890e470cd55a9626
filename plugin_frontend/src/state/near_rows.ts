/** The rows of a projection around one sample, for the view that shows the sample and not the points. */
import { signal } from "@preact/signals";
import { Unreachable } from "../data/client.ts";
import { entriesAt } from "./alignment.ts";
import { loadPoints, type Points } from "./projection_frame.ts";
import { shownTag } from "./projections.ts";
import { reportTrouble } from "./reachability.ts";
import { runs } from "./runs.ts";
import { type LoggedSeries, seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";

/** `undefined`: on their way; else the points, or why there are none. */
export const nearPoints = signal<Points | string | undefined>(undefined);

/** The projection of a run: that of the tag which is chosen elsewhere, or the first; `null`: none was logged. */
export function projectionOf(run: string): LoggedSeries | null {
  const series = runs.value?.find((candidate) => candidate.run === run)?.series ?? [];
  const logged = series.filter(({ kind }) => kind === "PROJECTION");
  const chosen = logged.find(({ tag }) => tag === shownTag.value) ?? logged[0];
  return chosen ? { ...chosen, run } : null;
}

/** Which record tells of a step; `null`: none does. */
export function projectionEntry(series: LoggedSeries, step: number): { step: number; key: string } | null {
  const logged = stepIndex.value.get(series.run)?.get(seriesKey(series));
  const entries = logged ? entriesAt(logged, step) : null;
  return entries ? { step: entries.step, key: entries.keys.at(-1) as string } : null;
}

/** What was shown stays until the points have arrived, unless it is of another run. Returns what ends it. */
export function showNear(series: LoggedSeries, step: number, key: string): () => void {
  let current = true;
  const shown = nearPoints.peek();
  if (typeof shown !== "object" || shown.series.run !== series.run) nearPoints.value = undefined;
  loadPoints(series, step, key).then(
    (points) => {
      if (current) nearPoints.value = points;
    },
    (reason: unknown) => {
      if (!current) return;
      if (reason instanceof Unreachable) reportTrouble(reason);
      else nearPoints.value = reason instanceof Error ? reason.message : String(reason);
    },
  );
  return () => {
    current = false;
  };
}
