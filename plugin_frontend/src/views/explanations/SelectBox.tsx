/** The box of a card by which its sample is selected. */
import { isSelected, toggleSelected } from "../../state/selection.ts";

export function SelectBox({ row, name }: { row: number; name: string }) {
  return (
    <input
      type="checkbox"
      class="card-select"
      aria-label={`Select ${name || "this sample"}`}
      title="Select: lit in the projection  Ctrl-click"
      checked={isSelected(row)}
      onChange={() => toggleSelected(row)}
    />
  );
}
