/** Whether a run is still being written, and since when it is quiet. */
import { inReport } from "../../host/window.ts";
import { activityOf } from "../../state/overview_logged.ts";
import type { RunSeries } from "../../state/overview_series.ts";
import { seriesKey } from "../../state/series.ts";
import { stepIndex } from "../../state/steps.ts";
import { now } from "./clock.ts";
import { ago } from "./words.ts";

export function RunActivity({ of: { run, series }, brief = false }: { of: RunSeries; brief?: boolean }) {
  const index = stepIndex.value.get(run.run);
  const logged = series.flatMap((declared) => index?.get(seriesKey(declared)) ?? []);
  const activity = activityOf(logged, now.value);
  const writing = !inReport && activity?.writing;
  const title = activity ? new Date(1000 * activity.last).toLocaleString() : undefined;
  return (
    <span class="run-activity" data-writing={writing || undefined} data-testid="activity" title={title}>
      {!brief && <span>{`${series.length} series`}</span>}
      {activity && (
        <>
          <span class="activity-dot" aria-hidden="true" />
          {writing ? "being written" : "quiet"}
          {brief ? " · " : ", last record "}
          {ago(activity.last, now.value)}
        </>
      )}
    </span>
  );
}
