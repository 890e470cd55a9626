/** The view of one sample: the way there, and the way back. */
import { batch, effect, signal } from "@preact/signals";
import { openSample } from "./samples.ts";
import { openSeries } from "./series.ts";
import { type ViewId, view } from "./view.ts";

/** Where the page was opened; "sample": in its own list of samples. */
const cameFrom = signal<ViewId>("explanations");

/** Of the sample that is open. */
export function openPage(): void {
  view.value = "sample";
}

export function leavePage(): void {
  if (cameFrom.peek() === "sample") close();
  else view.value = cameFrom.peek();
}

/** What was open on the page is not enlarged in the view that follows it, unless the address says so. */
export function followSamplePage(): void {
  let before = view.peek();
  let open = openSample.peek();
  effect(() => {
    const [now, sample] = [view.value, openSample.value];
    if (now === "sample" && before !== "sample") cameFrom.value = before;
    else if (now === "sample" && sample && !open) cameFrom.value = "sample";
    const left = now !== "sample" && before === "sample" && sample === open; // an address would have brought another object
    before = now;
    open = sample;
    if (left && sample) close();
  });
}

function close(): void {
  batch(() => {
    openSample.value = null;
    openSeries.value = null;
  });
}
