/** Beside the plot, one at a time: measures, distances of classes, the pinned point, and the list of the selection. */
import { projectionFrame } from "../../state/projection_frame.ts";
import { activeRun, SIDES, side } from "../../state/projections.ts";
import { Select } from "../../widgets/Select.tsx";
import { Classes } from "./Classes.tsx";
import { Measures } from "./Measures.tsx";
import { Point } from "./Point.tsx";
import { activePoints } from "./rows.ts";
import { SelectionTable } from "./SelectionTable.tsx";

const TITLES: Record<(typeof SIDES)[number], string> = {
  measures: "Measures",
  classes: "Classes",
  point: "Point",
  selection: "Selection",
};

export function Side() {
  const points = activePoints();
  const runs = (projectionFrame.value?.runs ?? []).flatMap(({ points }) => points?.series.run ?? []);
  const move = (by: number) => {
    side.value = SIDES[(SIDES.indexOf(side.value) + by + SIDES.length) % SIDES.length] ?? "measures";
    requestAnimationFrame(() => document.getElementById(`side-${side.value}`)?.focus());
  };
  return (
    <section class="side">
      <div
        class="side-tabs"
        role="tablist"
        aria-label="About the points"
        onKeyDown={(event) => {
          const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!by) return;
          event.preventDefault();
          event.stopPropagation(); // the page has its own use for arrow keys
          move(by);
        }}
      >
        {SIDES.map((name) => (
          <button
            key={name}
            id={`side-${name}`}
            type="button"
            role="tab"
            aria-selected={side.value === name}
            aria-controls="side-panel"
            tabIndex={side.value === name ? 0 : -1}
            data-testid={`side-${name}`}
            onClick={() => {
              side.value = name;
            }}
          >
            {TITLES[name]}
          </button>
        ))}
      </div>
      <div id="side-panel" class="side-panel" role="tabpanel" aria-labelledby={`side-${side.value}`}>
        {runs.length > 1 && side.value !== "point" && (
          <Select
            label="Run"
            value={points?.series.run ?? ""}
            options={runs.map((run) => [run, run] as const)}
            testId="active-run"
            onChange={(run) => {
              activeRun.value = run;
            }}
          />
        )}
        {points && side.value === "measures" && <Measures points={points} />}
        {points && side.value === "classes" && <Classes points={points} />}
        {side.value === "point" && <Point />}
        {points && side.value === "selection" && <SelectionTable points={points} />}
      </div>
    </section>
  );
}
