/** What is selected, in a line under the plot. */
import { useEffect } from "preact/hooks";
import { isTypedInto } from "../../shell/keyboard.ts";
import { pinnedRow, side } from "../../state/projections.ts";
import { listedRuns } from "../../state/runs.ts";
import { clearSelection, leftOutOfLink, selectedCount, selection } from "../../state/selection.ts";
import { view } from "../../state/view.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { exportSelection } from "./csv.ts";

export function SelectionBar() {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || isTypedInto(event.target)) return;
      if (!document.querySelector("dialog[open]")) undo();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  const count = selectedCount.value;
  const explained = listedRuns.value.some(({ series }) => series.some(({ kind }) => kind !== "PROJECTION"));
  return (
    <div class="selection-bar" data-empty={count === 0 || undefined}>
      <p role="status" aria-live="polite" data-testid="selected-count">
        {selection.value.pending
          ? "Looking for the selected rows …"
          : count
            ? `${count.toLocaleString("en")} selected`
            : "Nothing selected"}
      </p>
      {count === 0 && !selection.value.pending && (
        <p class="hint">Drag around points to select them, click one for its neighbours; Shift adds, Ctrl removes.</p>
      )}
      {count > 0 && (
        <>
          {leftOutOfLink.value && (
            <p class="hint" data-testid="link-note">
              Too many for the address: a link to this page leaves them out.
            </p>
          )}
          <span class="spacer" />
          <button
            type="button"
            class="text-button"
            data-testid="list-selection"
            onClick={() => {
              side.value = "selection";
            }}
          >
            List
          </button>
          {explained && (
            <button
              type="button"
              class="text-button"
              data-testid="show-explanations"
              onClick={() => {
                view.value = "explanations";
              }}
            >
              Explanations
            </button>
          )}
          <button type="button" class="text-button" data-testid="export-csv" onClick={() => void exportSelection()}>
            CSV
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Clear the selection"
            title="Clear the selection  Esc"
            data-testid="clear-selection"
            onClick={clearSelection}
          >
            <Icon name="close" />
          </button>
        </>
      )}
    </div>
  );
}

/** What Esc does. */
function undo(): void {
  if (selectedCount.value > 0) clearSelection();
  else pinnedRow.value = null;
}
