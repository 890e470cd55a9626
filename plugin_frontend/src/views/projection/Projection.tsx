/** The view of projections: the points of features, what they are, how far apart their classes lie, and what of them is selected. */
import { useEffect } from "preact/hooks";
import { onCommand } from "../../shell/keyboard.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { followProjections, projectionFrame } from "../../state/projection_frame.ts";
import { projectionLoading, shownProjections } from "../../state/projections.ts";
import { openSample } from "../../state/samples.ts";
import { moveSample } from "../explanations/opened.ts";
import { SampleDialog } from "../explanations/SampleDialog.tsx";
import "../explanations/style_sheets.ts";
import { projectionNumbers } from "./csv.ts";
import "./style_sheets.ts";
import { Legend } from "./Legend.tsx";
import { NoProjections } from "./NoProjections.tsx";
import { ProjectionToolbar } from "./ProjectionToolbar.tsx";
import { activePoints } from "./rows.ts";
import { Side } from "./Side.tsx";
import { Stage } from "./Stage.tsx";

export function Projection() {
  useEffect(followProjections, []);
  useEffect(() => offerNumbers(projectionNumbers), []);
  useEffect(() => onCommand((command) => openSample.peek() && moveSample(command === "next" ? 1 : -1)), []);
  if (shownProjections.value.length === 0)
    return (
      <div class="content">
        <NoProjections />
      </div>
    );
  return (
    <div class="projection" aria-busy={projectionLoading.value}>
      <div class="projection-main">
        <ProjectionToolbar />
        {projectionFrame.value ? (
          <Stage />
        ) : (
          <p class="waiting" role="status">
            Loading points …
          </p>
        )}
      </div>
      {activePoints() && (
        <aside class="projection-side" aria-label="About the points">
          <Legend />
          <Side />
        </aside>
      )}
      <SampleDialog />
    </div>
  );
}
