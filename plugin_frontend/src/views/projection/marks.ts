/** The state of each point: what is hidden, selected, wrong, pointed at, near the pinned row, or between two classes. */
import { idAt } from "../../data/ids.ts";
import { HIDDEN, NEIGHBOUR, OUTLINED, SELECTED } from "../../render/scatter/types.ts";
import { lookAt } from "../../state/columns.ts";
import { coloured, colouring, outcomes } from "../../state/projection_colours.ts";
import type { Points } from "../../state/projection_frame.ts";
import {
  ALL,
  chosenPair,
  isShown,
  pinnedRow,
  type Shown,
  shownCategories,
  wrongChoice,
} from "../../state/projections.ts";
import { selectedIndex } from "../../state/selection.ts";
import { findRow, neighboursOf } from "./rows.ts";

/** Whether the legend shows a row. */
export function shownRows(points: Points): (row: number) => boolean {
  const shown = shownCategories.value;
  const colours = coloured(points, colouring.value);
  if (shown === ALL || colours?.kind !== "categories") return () => true;
  const table = tableOf(shown, colours.count);
  const { codes, count } = colours;
  return (row) => table[Math.min(codes[row] as number, count)] === 1;
}

/** Of each code whether it is shown; last of what is not known. */
function tableOf(shown: Shown, count: number): Uint8Array {
  return Uint8Array.from({ length: count + 1 }, (_, code) => Number(isShown(code, shown)));
}

/** Writes what follows from the choices into `state`; tracks them. */
export function markRows(points: Points, state: Uint8Array): void {
  const { ids } = points;
  const wrong = marksWrong(points) ? outcomesOf(points) : null;
  const shown = shownRows(points);
  const selected = selectedIndex.value;
  for (let row = 0; row < state.length; row++) {
    let bits = 0;
    if (!shown(row)) bits = HIDDEN;
    if (wrong?.codes[row] === 1) bits |= OUTLINED;
    if (selected.count > 0 && selected.has(idAt(ids, row))) bits |= SELECTED;
    state[row] = bits;
  }
  for (const row of litRows(points)) state[row] = (state[row] as number) | NEIGHBOUR;
}

/** With more of them wrong, as before training, the marks would be all that is seen. */
const EXCEPTIONAL = 1 / 3;

export function marksWrong(points: Points): boolean {
  const found = outcomesOf(points);
  return found !== null && (wrongChoice.value ?? found.share < EXCEPTIONAL);
}

type Outcomes = { codes: Uint8Array; share: number };

const known = new WeakMap<object, { labels: object; found: Outcomes }>();

/** Of each row whether its prediction is right; `null`: nothing is known of that. */
function outcomesOf({ series, header }: Points): Outcomes | null {
  const labels = lookAt(series.run, header.labels);
  const predicted = lookAt(series.run, header.predicted);
  if (!labels || !predicted) return null;
  let entry = known.get(predicted);
  if (entry?.labels !== labels) {
    const codes = outcomes(labels, predicted);
    const wrong = codes.reduce((sum, code) => sum + Number(code === 1), 0);
    entry = { labels, found: { codes, share: wrong / Math.max(1, codes.length) } };
    known.set(predicted, entry);
  }
  return entry.found;
}

/** The pinned row's neighbours, and the rows between the two chosen classes. */
function litRows(points: Points): number[] {
  const rows: number[] = [];
  const pinned = findRow(pinnedRow.value);
  if (pinned?.points === points) {
    rows.push(pinned.row);
    for (const { row } of neighboursOf(points, pinned.row) ?? []) rows.push(row);
  }
  rows.push(...(pairRows(points) ?? []));
  return rows;
}

function pairRows({ header }: Points): readonly number[] | undefined {
  const pair = chosenPair.value;
  return (
    (pair &&
      header.classDistances?.pairs.find(
        ({ first, second }) =>
          (first === pair.first && second === pair.second) || (first === pair.second && second === pair.first),
      )?.rows) ??
    undefined
  );
}
