/** The clusters of one layer over the enlarged image: pointed at, moved through with the arrow keys, pinned by a click. */
import { useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedMouseEvent } from "preact";
import type { Way } from "../../../data/cluster_map.ts";
import { type Cells, cellsOf } from "../../../render/clusters/project.ts";
import { inspected, placedOn, pointed, togglePinned } from "../../../state/clusters.ts";
import { ClusterFacts } from "../../clusters/ClusterFacts.tsx";
import { Legend } from "../../clusters/Legend.tsx";
import { clusterAt, clusterReading, nameOf, pointAt } from "../../clusters/reading.ts";
import { Picture } from "../Picture.tsx";
import { LayerVoxels } from "./LayerVoxels.tsx";
import type { PathLayer } from "./path.ts";

const SHOWN_AT = 320;

type Cell = { row: number; column: number };

export function LayerPicture({ layer: { explanation, detail }, way }: { layer: PathLayer; way: Way }) {
  const cursor = useSignal<Cell | null>(null);
  const placed = placedOn(detail, way);
  const { series } = explanation.frame;
  const { classes } = explanation.record;
  if (!placed) return null;
  const { map, path } = placed;
  const cells = cellsOf(map);
  const at = cursor.value && middleOf(cursor.value, cells);

  const pin = (x: number, y: number) => {
    const c = clusterAt(map, x, y);
    if (c !== null) togglePinned(nameOf(series, map, c));
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const { row, column } = cursor.value ?? { row: cells.rows >> 1, column: cells.columns >> 1 };
    const moved = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (moved) {
      const [down = 0, right = 0] = cursor.value ? moved : [];
      cursor.value = {
        row: Math.min(cells.rows - 1, Math.max(0, row + down)),
        column: Math.min(cells.columns - 1, Math.max(0, column + right)),
      };
      const { x, y } = middleOf(cursor.value, cells);
      pointAt(series, map, x, y);
    } else if ((event.key === "Enter" || event.key === " ") && at) pin(at.x, at.y);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page moves through steps with the same keys
  };
  return (
    <div class="layer-picture">
      <div class="layer-stages">
        {/* biome-ignore lint/a11y/useSemanticElements: no element is a picture that is explored */}
        <div
          class="layer-stage"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: its positions are reached by the arrow keys
          tabIndex={0}
          role="group"
          aria-label="Positions of the layer: move with the arrow keys, Enter pins the cluster"
          data-testid="layer-picture"
          onKeyDown={onKeyDown}
          onClick={(event) => {
            const { x, y } = placeOf(event);
            pin(x, y);
          }}
          onPointerMove={() => {
            cursor.value = null;
          }}
          onBlur={() => {
            if (cursor.value === null) return;
            cursor.value = null;
            pointed.value = null;
          }}
        >
          <Picture
            explanation={explanation}
            target={explanation.sample.targets[0] ?? null}
            map={map}
            longest={SHOWN_AT}
            shownAt={SHOWN_AT}
          >
            {cursor.value && at && (
              <>
                <span class="cell-cursor" style={boxOf(cursor.value, cells)} />
                <span class="readout" role="status">
                  {clusterReading(map, at.x, at.y, classes)}
                </span>
              </>
            )}
          </Picture>
        </div>
        {explanation.sample.volume && (
          <LayerVoxels series={series} map={map} hash={explanation.sample.volume} side={SHOWN_AT} />
        )}
      </div>
      <Legend series={series} way={way} path={path} classes={classes} place="sample" />
      <div class="layer-facts-pane">
        {inspected.value ? (
          <ClusterFacts name={inspected.value} />
        ) : (
          <p class="hint">Point at a position to see the facts of its cluster; a click keeps it.</p>
        )}
      </div>
    </div>
  );
}

function placeOf(event: TargetedMouseEvent<HTMLElement>) {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}

function middleOf({ row, column }: Cell, { rows, columns }: Cells) {
  return { x: (column + 0.5) / columns, y: (row + 0.5) / rows };
}

function boxOf({ row, column }: Cell, { rows, columns }: Cells) {
  const share = (part: number, of: number) => `${(100 * part) / of}%`;
  return { left: share(column, columns), top: share(row, rows), width: share(1, columns), height: share(1, rows) };
}
