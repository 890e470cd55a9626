/** The selected rows of a run as a table, for all who cannot or would rather not read them off the plot. */
import { useComputed, useSignal } from "@preact/signals";
import { className } from "../../state/class_names.ts";
import { type Points, rowIndex } from "../../state/projection_frame.ts";
import { pinnedRow } from "../../state/projections.ts";
import { reduceSelection, selectedCount, selection } from "../../state/selection.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { Paging } from "../../widgets/Paging.tsx";
import { percent } from "../explanations/format.ts";
import { exportSelection } from "./csv.ts";
import { factsOf, pin } from "./rows.ts";
import { Thumbnail } from "./Thumbnail.tsx";

const PAGE = 50;

export function SelectionTable({ points }: { points: Points }) {
  const page = useSignal(0);
  const shown = useSignal(points);
  shown.value = points;
  const rows = useComputed(() => {
    const index = rowIndex(shown.value);
    return Array.from(selection.value.ids, (id) => index.find(id))
      .filter((row) => row >= 0)
      .sort((a, b) => a - b);
  });
  if (selectedCount.value === 0)
    return <p class="hint">Nothing is selected. Drag around points, or select what the legend shows.</p>;
  const pages = Math.max(1, Math.ceil(rows.value.length / PAGE));
  const at = Math.min(page.value, pages - 1);
  const elsewhere = selectedCount.value - rows.value.length;
  const { header } = points;
  const turn = (by: number) => {
    page.value = at + by; // the buttons end where the pages do
  };
  return (
    <div class="selection-table">
      <p class="selection-summary">
        <span>
          {rows.value.length.toLocaleString("en")} rows
          {elsewhere > 0 && `, ${elsewhere.toLocaleString("en")} more are not in this run`}
        </span>
        <span class="spacer" />
        <button type="button" class="text-button" onClick={() => void exportSelection()}>
          CSV
        </button>
      </p>
      <table data-testid="selection-table">
        <thead>
          <tr>
            <th scope="col">Row</th>
            {header.labels && <th scope="col">True</th>}
            {header.predicted && <th scope="col">Predicted</th>}
            {header.probabilities && <th scope="col">Prob.</th>}
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.value.slice(at * PAGE, (at + 1) * PAGE).map((row) => {
            const { id, label, predicted, probability, right } = factsOf(points, row);
            return (
              <tr key={row} data-pinned={pinnedRow.value?.id === id || undefined} data-row={row}>
                <th scope="row">
                  <button
                    type="button"
                    class="row-button"
                    title={`Pin row ${row}, id ${id}`}
                    onClick={() => pin(points, row)}
                  >
                    <Thumbnail points={points} row={row} side={24} />
                    {row}
                  </button>
                </th>
                {header.labels && <td>{label === undefined ? "–" : className(header.classes, label)}</td>}
                {header.predicted && (
                  <td class={right === false ? "wrong" : undefined}>
                    {predicted === undefined ? "–" : className(header.classes, predicted)}
                    {right === false && <span class="visually-hidden"> (wrong)</span>}
                  </td>
                )}
                {header.probabilities && <td class="number">{percent(probability)}</td>}
                <td>
                  <button
                    type="button"
                    class="icon-button row-remove"
                    aria-label={`Deselect row ${row}`}
                    onClick={() => reduceSelection([id])}
                  >
                    <Icon name="close" />
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Paging page={at} count={pages} onTurn={turn} what="rows" />
    </div>
  );
}
