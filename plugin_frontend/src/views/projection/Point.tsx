/** The pinned row: its picture and numbers, and its nearest neighbours in the space of the features. */
import { useEffect } from "preact/hooks";
import { sampleOfRow } from "../../state/open_row.ts";
import { pinnedRow, side } from "../../state/projections.ts";
import { openSample } from "../../state/samples.ts";
import { isSelected, toggleSelected } from "../../state/selection.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { NeighbourList } from "./NeighbourList.tsx";
import { RowFacts } from "./RowFacts.tsx";
import { findRow, pin } from "./rows.ts";
import { Thumbnail } from "./Thumbnail.tsx";

export function Point() {
  const pinned = pinnedRow.value;
  const found = findRow(pinned);
  if (!pinned)
    return (
      <p class="hint">Click a point: its picture, its numbers, and the images that the network takes for most alike.</p>
    );
  if (!found) return <p class="hint">The pinned row is not among the points at this step.</p>;
  const { points, row } = found;
  const sample = sampleOfRow(pinned.run, pinned.id);
  return (
    <section class="point" data-testid="point" data-row={row}>
      <header>
        <Thumbnail points={points} row={row} side={112} />
        <div>
          <RowFacts points={points} row={row} />
        </div>
        <button
          type="button"
          class="icon-button"
          aria-label="Unpin"
          title="Unpin"
          onClick={() => {
            pinnedRow.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <p class="point-actions">
        <button type="button" class="button" data-testid="select-point" onClick={() => toggleSelected(pinned.id)}>
          {isSelected(pinned.id) ? "Deselect" : "Select"}
        </button>
        {sample !== undefined && (
          <button
            type="button"
            class="button"
            data-testid="open-point"
            onClick={() => {
              openSample.value = { run: pinned.run, sample };
            }}
          >
            Open its explanations
          </button>
        )}
      </p>
      <h4 title="By cosine distance of the features that were logged, not by the picture">Nearest in the features</h4>
      <NeighbourList points={points} row={row} side={52} action="pin it" onChoose={(near) => pin(points, near)} />
    </section>
  );
}

/** Brings the pinned row on screen when another one is pinned. */
export function useShowPinned(): void {
  const pinned = pinnedRow.value;
  useEffect(() => {
    if (pinned && side.peek() !== "selection") side.value = "point";
  }, [pinned]);
}
