/** Beside the plot, one at a time: measures, distances of classes, the pinned point, and the list of the selection. */
import { projectionFrame } from "../../state/projection_frame.ts";
import { activeRun, SIDES, side } from "../../state/projections.ts";
import { Select } from "../../widgets/Select.tsx";
import { Tabs } from "../../widgets/Tabs.tsx";
import { Classes } from "./Classes.tsx";
import { Measures } from "./Measures.tsx";
import { Point } from "./Point.tsx";
import { activePoints } from "./rows.ts";
import { SelectionTable } from "./SelectionTable.tsx";

const TITLES = { measures: "Measures", classes: "Classes", point: "Point", selection: "Selection" };
const TABS = SIDES.map((id) => ({ id, title: TITLES[id] }));

export function Side() {
  const points = activePoints();
  const runs = (projectionFrame.value?.runs ?? []).flatMap(({ points }) => points?.series.run ?? []);
  return (
    <section class="side">
      <Tabs
        label="About the points"
        name="side"
        class="side-tabs"
        controls="side-panel"
        tabs={TABS}
        chosen={side.value}
        onChoose={(name) => {
          side.value = name;
        }}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls without anything to focus in it must be reached by Tab */}
      <div id="side-panel" class="side-panel" role="tabpanel" aria-labelledby={`side-${side.value}`} tabIndex={0}>
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
