/** What has no partner on the other side, what cannot be read, and why there may be nothing to compare. */
import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Action, Message } from "../../shell/EmptyState.tsx";
import { changeFilter, comparableRuns, missingSides, resetSides, SIDES, sideRuns } from "../../state/compare.ts";
import { identical, sideSteps, stepsOf } from "../../state/compare_frame.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import { selectRun } from "../../state/runs.ts";
import { filterCount } from "../../state/sample_filter.ts";
import { onlySelected, selectedCount } from "../../state/selection.ts";
import { stepIndex } from "../../state/steps.ts";
import { counted } from "../explanations/format.ts";
import { NAMES } from "./Sides.tsx";
import { arranged, joined } from "./shown.ts";

/** One run of one step: there is no second side. */
export const nothingToCompare = computed(
  () =>
    comparableRuns.value.length < 2 &&
    identical.value &&
    stepsOf("a").length < 2 &&
    stepIndex.value.has(sideRuns.value?.a ?? ""), // nothing is known of the steps before
);

export function OnlyOne() {
  return (
    <Message title="Only one step of one run">
      <p>There is nothing to compare yet: log another step, or show a second run.</p>
    </Message>
  );
}

/** A run that a side was given is not there. */
export function Missing() {
  const [{ side, run, why } = { side: "a" as const, run: "", why: "gone" as const }] = missingSides.value;
  const title = {
    gone: `Run ${run} is not there`,
    hidden: `Run ${run} is not shown`,
    empty: `No attributions were logged in run ${run}`,
  }[why];
  return (
    <Message title={title}>
      <p>It was chosen as {NAMES[side]}.</p>
      {why === "hidden" && <Action text="Show it" onClick={() => selectRun(run, true)} />}{" "}
      <Action text="Choose others" onClick={resetSides} />
    </Message>
  );
}

/** A line for each thing that the comparison leaves out. */
export function Partners() {
  const sides = joined.value;
  if (!sides) return null;
  const { series, samples, pairs } = sides;
  const unreadable = SIDES.flatMap((side) =>
    sides[side].frames
      .filter(({ records }) => records.includes(null))
      .map(({ series, step }) => `${NAMES[side]} ${series.tag} at step ${step}`),
  );
  const lonely = SIDES.flatMap((side) => {
    const alone = side === "a" ? samples.onlyA : samples.onlyB;
    return alone.length ? [`${counted(alone.length, "sample")} only in ${NAMES[side]}`] : [];
  });
  const empty = SIDES.filter((side) => sides[side].frames.length === 0);
  return (
    <>
      {unreadable.length > 0 && (
        <Notice>
          {unreadable.join(", ")}: the record cannot be read. It may be damaged on disk, or written by a newer version.
        </Notice>
      )}
      {identical.value && (
        <Notice testId="identical">
          Both sides show step {sideSteps.value.a} of {sideRuns.value?.a}: move the slider, or choose another step.
        </Notice>
      )}
      {empty.length === 0 && series.pairs.length === 0 && (
        <Notice testId="no-series">The runs have no series in common: no tag, and no method of the same layer.</Notice>
      )}
      {(lonely.length > 0 || series.onlyA.length + series.onlyB.length > 0) && pairs.length > 0 && (
        <Notice testId="partners">
          {`${counted(samples.pairs.length, "sample")} and ${series.pairs.length} series are on both sides. `}
          {[...lonely, ...onlyIn(series.onlyA, "A"), ...onlyIn(series.onlyB, "B")].join("; ")}.
        </Notice>
      )}
      {pairs.length === 0 && (
        <Message title="No sample in common">
          {samples.onlyA.length && samples.onlyB.length ? (
            <p>
              {counted(samples.onlyA.length, "sample")} in A, {samples.onlyB.length.toLocaleString("en")} in B, all of
              them different images. Runs compare when they explain the same probe.
            </p>
          ) : (
            <p>
              Nothing of this choice was logged in {samples.onlyA.length ? "B" : samples.onlyB.length ? "A" : "A and B"}
              .
            </p>
          )}
        </Message>
      )}
      {pairs.length > 0 && arranged.value.length === 0 && (
        <p class="notice" data-testid="nothing-left">
          {(selectedCount.value > 0 && onlySelected.value) || filterCount.value > 0
            ? "No sample passes all filters."
            : `No prediction ${{ all: "is known", changed: "changed", fixed: "was fixed", broken: "was broken" }[changeFilter.value]}.`}
        </p>
      )}
    </>
  );
}

function Notice({ testId, children }: { testId?: string; children: ComponentChildren }) {
  return (
    <p class="notice" role="status" data-testid={testId}>
      {children}
    </p>
  );
}

/** More tags than these are counted. */
const NAMED = 6;

function onlyIn(frames: readonly SeriesFrame[], side: string): string[] {
  if (frames.length === 0) return [];
  const tags = frames.slice(0, NAMED).map(({ series }) => series.tag);
  const more = frames.length > NAMED ? ` and ${frames.length - NAMED} more` : "";
  return [`series only in ${side}: ${tags.join(", ")}${more}`];
}
