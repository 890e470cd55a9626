/** Which series is shown, what its points are coloured by, and how they came about. */
import { colouring, colourings, colouringTitle } from "../../state/projection_colours.ts";
import { projectionFrame } from "../../state/projection_frame.ts";
import {
  type Colouring,
  projectionTags,
  runsOfTag,
  setColouring,
  shownProjections,
  shownTag,
  tagChoice,
  trails,
} from "../../state/projections.ts";
import { Select } from "../../widgets/Select.tsx";
import { activePoints } from "./rows.ts";

const count = (n: number) => n.toLocaleString("en");

export function ProjectionToolbar() {
  const left = runsOfTag.value.length - shownProjections.value.length;
  return (
    <div class="view-toolbar" role="toolbar" aria-label="What is shown">
      <Select
        label="Features"
        value={shownTag.value ?? ""}
        options={projectionTags.value.map((tag) => [tag, tag] as const)}
        testId="projection-tag"
        fixed
        onChange={(tag) => {
          tagChoice.value = tag;
        }}
      />
      <Select<Colouring>
        label="Colour by"
        value={colouring.value}
        options={colourings.value.map((by) => [by, colouringTitle(by)] as const)}
        testId="points-by"
        fixed
        onChange={setColouring}
      />
      <label
        class="check toolbar-check"
        title="Lines from where the selected points, or the pinned one, were at the steps before; of 200 points at most"
      >
        <input
          type="checkbox"
          data-testid="trails"
          checked={trails.value}
          onChange={(event) => {
            trails.value = event.currentTarget.checked;
          }}
        />
        Trails
      </label>
      <Origin />
      {left > 0 && (
        <p class="hint">
          The first {shownProjections.value.length} of {runsOfTag.value.length} runs are shown.
        </p>
      )}
    </div>
  );
}

/** The reducer, the numbers of points, and what people should know. */
function Origin() {
  const points = activePoints();
  if (!points) return null;
  const { series, header } = points;
  const { rows, dropped, fitted, notes, dims } = header;
  const shown = (projectionFrame.value?.runs ?? []).reduce((sum, run) => sum + (run.points?.header.rows ?? 0), 0);
  return (
    <p class="origin" data-testid="origin">
      <span title={series.parameters || undefined}>
        <strong>{series.method || "Positions as given"}</strong>
        {dims === 3 && " in 3-D"}
      </span>
      <span>
        {count(rows)} points
        {shown > rows && ` of ${count(shown)} in all runs`}
      </span>
      {fitted > 0 && fitted < rows && (
        <span title="The layout was found for these; the others were placed among them">{count(fitted)} fitted</span>
      )}
      {dropped > 0 && (
        <span title="Their features are not finite, or more were given than are kept">{count(dropped)} dropped</span>
      )}
      {notes.map((note) => (
        <span key={note} class="origin-note" role="note">
          {note}
        </span>
      ))}
    </p>
  );
}
