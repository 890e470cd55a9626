/** Where the selected rows were at the steps before. */
import { effect, signal } from "@preact/signals";
import { entriesAt } from "../../state/alignment.ts";
import { loadPoints, type Points, projectionFrame, rowIndex } from "../../state/projection_frame.ts";
import { pinnedRow, trails } from "../../state/projections.ts";
import { selection } from "../../state/selection.ts";
import { seriesKey } from "../../state/series.ts";
import { stepIndex } from "../../state/steps.ts";
import type { Trail } from "./overlay.ts";

/** More lines than that are a tangle, and more steps would be fetched than are kept. */
const MOST_ROWS = 200;
const MOST_STEPS = 8;

export const shownTrails = signal<readonly Trail[]>([]);

/** Returns what ends it. */
export function followTrails(): () => void {
  let ticket = 0;
  return effect(() => {
    const frame = projectionFrame.value;
    const ids = trailIds();
    const mine = ++ticket;
    if (!trails.value || !frame || ids.length === 0 || ids.length > MOST_ROWS) {
      shownTrails.value = [];
      return;
    }
    Promise.all(frame.runs.flatMap(({ points }) => (points?.header.dims === 2 ? [trailOf(points, ids)] : [])))
      .then((found) => {
        if (mine === ticket) shownTrails.value = found;
      })
      .catch(() => {}); // a step that cannot be read has no trail
  });
}

/** The selected rows, or else the pinned one. */
function trailIds(): number[] {
  const { ids } = selection.value;
  if (ids.length || !pinnedRow.value) return [...ids];
  return [pinnedRow.value.id];
}

async function trailOf(points: Points, ids: readonly number[]): Promise<Trail> {
  const { run } = points.series;
  const logged = stepIndex.peek().get(run)?.get(seriesKey(points.series));
  const steps = [...new Set(logged?.steps ?? [])].filter((step) => step <= points.step).slice(-MOST_STEPS);
  const all = await Promise.all(
    steps.map((step) => {
      const key = logged && entriesAt(logged, step)?.keys.at(-1);
      return step === points.step || !key ? points : loadPoints(points.series, step, key);
    }),
  );
  const places = all
    .filter(({ header }) => header.dims === 2)
    .map((one) => {
      const index = rowIndex(one);
      return { points: one, rows: Int32Array.from(ids, (id) => index.find(id)) };
    });
  return { run, places };
}
