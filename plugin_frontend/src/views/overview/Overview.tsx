/** The first view: what is known of every shown run at a glance, each line a way to its place. */
import { useEffect } from "preact/hooks";
import { EmptyState, FilteredOut } from "../../shell/EmptyState.tsx";
import { followOverview } from "../../state/overview_frame.ts";
import { overviewRuns } from "../../state/overview_series.ts";
import { tagFilter } from "../../state/series.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import cards from "../../styles/overview.css?inline";
import lines from "../../styles/overview_lines.css?inline";
import { lazy } from "../../widgets/lazy.tsx";
import { followClock } from "./clock.ts";
import { RunCards } from "./RunCards.tsx";

adoptStyles(cards, lines);

const RunTable = lazy(async () => (await import("./RunTable.tsx")).RunTable);

/** More runs than this are compared line by line. */
const MOST_CARDS = 2;

export function Overview() {
  useEffect(followOverview, []);
  useEffect(followClock, []);
  const runs = overviewRuns.value;
  const anything = runs.some(({ series }) => series.length > 0);
  return (
    <div class="overview" data-testid="overview">
      {runs.length === 0 ? (
        <EmptyState />
      ) : !anything ? (
        tagFilter.value ? (
          <FilteredOut title="No tag matches the filter" />
        ) : (
          <EmptyState />
        )
      ) : runs.length > MOST_CARDS ? (
        <RunTable runs={runs} />
      ) : (
        runs.map((of) => <RunCards key={of.run.run} of={of} />)
      )}
    </div>
  );
}
