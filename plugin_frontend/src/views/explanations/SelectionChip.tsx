/** What is selected, here or in a projection: whether only that is shown, and how to be rid of it. */
import { page } from "../../state/samples.ts";
import { clearSelection, leftOutOfLink, onlySelected, selectedCount } from "../../state/selection.ts";
import { Icon } from "../../widgets/Icon.tsx";

export function SelectionChip() {
  if (selectedCount.value === 0) return null;
  return (
    <div class="selection-chip" data-testid="selection-chip">
      <label class="check" title="Show only what is selected">
        <input
          type="checkbox"
          data-testid="only-selected"
          checked={onlySelected.value}
          onChange={(event) => {
            onlySelected.value = event.currentTarget.checked;
            page.value = 0;
          }}
        />
        <span role="status">{selectedCount.value.toLocaleString("en")} selected</span>
      </label>
      {leftOutOfLink.value && (
        <span class="hint" title="Too many for the address: a link to this page leaves them out">
          not in the link
        </span>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label="Clear the selection"
        title="Clear the selection"
        onClick={clearSelection}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
