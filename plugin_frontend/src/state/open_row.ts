/** An enlarged sample is the pinned row of its run's projections, so that it is lit there. */
import { effect } from "@preact/signals";
import { frame } from "./frame.ts";
import { loggedProjections, pinnedRow } from "./projections.ts";
import { openSample } from "./samples.ts";

/** The id of a sample's row; 0: it has none, or is not loaded. */
export function rowOfSample(run: string, sample: string): number {
  for (const { records } of frame.value?.runs.get(run) ?? [])
    for (const record of records) {
      const found = record?.samples.find(({ id }) => id === sample);
      if (found?.row) return found.row;
    }
  return 0;
}

/** The sample that shows the picture of a row; `undefined`: none was logged, or none is loaded. */
export function sampleOfRow(run: string, row: number): string | undefined {
  for (const { records } of frame.value?.runs.get(run) ?? [])
    for (const record of records) {
      const found = record?.samples.find((sample) => sample.row === row);
      if (found) return found.id;
    }
  return undefined;
}

export function followOpenSample(): void {
  effect(() => {
    const open = openSample.value;
    if (!open || !loggedProjections.value.some(({ run }) => run === open.run)) return;
    const id = rowOfSample(open.run, open.sample);
    const pinned = pinnedRow.peek();
    if (id && (pinned?.id !== id || pinned.run !== open.run)) pinnedRow.value = { run: open.run, id };
  });
}
