/** The rows nearest to one in the space of the features: their pictures, classes, and how far they are. */
import { className } from "../../state/class_names.ts";
import type { Points } from "../../state/projection_frame.ts";
import { compact } from "../explanations/format.ts";
import { factsOf, neighboursOf } from "./rows.ts";
import { Thumbnail } from "./Thumbnail.tsx";

type Props = {
  points: Points;
  row: number;
  /** Of a picture, in CSS pixels. */
  side: number;
  /** What choosing a neighbour does, in words. */
  action: string;
  onChoose: (row: number) => void;
};

export function NeighbourList({ points, row, side, action, onChoose }: Props) {
  const neighbours = neighboursOf(points, row);
  const own = factsOf(points, row).label;
  if (neighbours === undefined) return <p class="hint">Loading neighbours …</p>;
  if (neighbours.length === 0) return <p class="hint">No neighbours were logged.</p>;
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari
    <ol class="neighbours" role="list" data-testid="neighbours" style={{ "--side": `${side}px` }}>
      {neighbours.map(({ row: near, distance }) => {
        const { label } = factsOf(points, near);
        const name = label === undefined ? `row ${near}` : className(points.header.classes, label);
        return (
          <li key={near} data-other={(own !== undefined && label !== undefined && label !== own) || undefined}>
            <button
              type="button"
              data-row={near}
              title={`${name}, ${Number.isNaN(distance) ? "" : `${compact(distance)} away`}: ${action}`}
              onClick={() => onChoose(near)}
            >
              <Thumbnail points={points} row={near} side={side} />
              <span class="neighbour-name">{name}</span>
              {!Number.isNaN(distance) && <span class="neighbour-distance">{compact(distance)}</span>}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
