/** The images that the network takes for most alike at this step: the rows around this one in the run's projection. */
import { batch } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { idAt } from "../../data/ids.ts";
import { nearPoints, projectionEntry, projectionOf, showNear } from "../../state/near_rows.ts";
import { rowOfSample, sampleOfRow } from "../../state/open_row.ts";
import { type Points, rowIndex } from "../../state/projection_frame.ts";
import { pinnedRow, side, tagChoice } from "../../state/projections.ts";
import { unreachable } from "../../state/reachability.ts";
import { openSample } from "../../state/samples.ts";
import { step } from "../../state/timeline.ts";
import { view } from "../../state/view.ts";
import { NeighbourList } from "../projection/NeighbourList.tsx";
import "../projection/style_sheets.ts";
import { useSeen } from "./seen.ts";

const SIDE = 72;

type Open = NonNullable<typeof openSample.value>;

export function Neighbours({ open }: { open: Open }) {
  const section = useRef<HTMLElement>(null);
  const seen = useSeen(section);
  const series = projectionOf(open.run);
  const entry = series && step.value !== null ? projectionEntry(series, step.value) : null;
  useEffect(
    () => (seen && series && entry ? showNear(series, entry.step, entry.key) : undefined),
    [seen, open.run, series?.tag, entry?.key, unreachable.value],
  );
  const points = nearPoints.value;
  return (
    <section ref={section} class="page-section" data-testid="near" aria-label="Neighbours">
      <h3 title="By cosine distance of the features that were logged, not by the picture">
        Nearest in the features{series && entry && ` · ${series.tag}, step ${entry.step}`}
      </h3>
      {!series ? (
        <p class="notice">
          No projection was logged in this run: with one, the images that the network takes for most alike are here.
        </p>
      ) : typeof points === "string" ? (
        <p class="notice">{points}</p>
      ) : points?.series.run === open.run ? (
        <Near open={open} points={points} />
      ) : (
        <p class="notice">Loading …</p>
      )}
    </section>
  );
}

function Near({ open, points }: { open: Open; points: Points }) {
  const id = rowOfSample(open.run, open.sample);
  const row = id ? rowIndex(points).find(id) : -1;
  if (row < 0) return <p class="notice">This image is not among the points of the projection.</p>;
  return (
    <NeighbourList
      points={points}
      row={row}
      side={SIDE}
      action="open it"
      onChoose={(near) => openRow(open.run, points, near)}
    />
  );
}

/** As a sample if it was explained, else as a point. */
function openRow(run: string, points: Points, row: number): void {
  const id = idAt(points.ids, row);
  const sample = sampleOfRow(run, id);
  batch(() => {
    if (sample !== undefined) {
      openSample.value = { run, sample };
      return;
    }
    view.value = "projection";
    tagChoice.value = points.series.tag;
    pinnedRow.value = { run, id };
    side.value = "point";
  });
}
