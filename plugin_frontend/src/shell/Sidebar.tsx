/** The pane at the left: which runs and which tags. */
import {
  listedRuns,
  matchingRuns,
  runColours,
  runFilter,
  runPattern,
  selectedRuns,
  selectMatchingRuns,
  selectRun,
} from "../state/runs.ts";
import { tagFilter, tagPattern } from "../state/series.ts";
import { shownKeys } from "../state/shown_keys.ts";
import { RegexFilter } from "../widgets/RegexFilter.tsx";
import { TAG_FILTER } from "./keyboard.ts";

export function Sidebar() {
  return (
    <aside class="sidebar" aria-label="Runs and filters">
      <h2>Tags</h2>
      <RegexFilter
        id={TAG_FILTER}
        label="Filter tags (regex)"
        value={tagFilter}
        invalid={tagPattern.value === null}
        testId="tag-filter"
      />
      <p class="hint">{shownKeys.value.length} series shown</p>
      <div class="runs-heading">
        <h2>Runs</h2>
        <button type="button" class="text-button" onClick={() => selectMatchingRuns(true)}>
          All
        </button>
        <button type="button" class="text-button" onClick={() => selectMatchingRuns(false)}>
          None
        </button>
      </div>
      <RegexFilter
        label="Filter runs (regex)"
        value={runFilter}
        invalid={runPattern.value === null}
        testId="run-filter"
      />
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
      <ul class="run-list" role="list" data-testid="run-list">
        {matchingRuns.value.map(({ run }) => (
          <li key={run}>
            <label title={run}>
              <input
                type="checkbox"
                checked={selectedRuns.value.has(run)}
                onChange={(event) => selectRun(run, event.currentTarget.checked)}
              />
              <span class="run-dot" style={{ background: runColours.value.get(run) }} />
              <span class="run-name">{run}</span>
            </label>
          </li>
        ))}
      </ul>
      {matchingRuns.value.length === 0 && listedRuns.value.length > 0 && <p class="hint">No run matches.</p>}
    </aside>
  );
}
