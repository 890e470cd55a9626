/** What a view shows of one run; loaded when the section comes near the screen. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { loading, runsInView } from "../../state/frame.ts";
import { runColours, shownRuns } from "../../state/runs.ts";
import { filterCount } from "../../state/sample_filter.ts";
import { outcome } from "../../state/samples.ts";
import { onlySelected, selectedCount } from "../../state/selection.ts";
import { shownSeries } from "../../state/series.ts";
import { useNearness } from "../../widgets/nearness.ts";
import type { Section } from "./sections.ts";

export function RunSection({ section, children }: { section: Section; children: ComponentChildren }) {
  const { run, frames, cards, samples } = section;
  const element = useNearness(run, NEAR);
  useEffect(() => {
    if (section.loaded) element.current?.style.removeProperty("min-height");
  }, [section.loaded]);
  const explains = shownSeries.value.some((series) => series.run === run);
  const unreadable = frames.filter(({ records }) => records.includes(null));
  return (
    <section ref={element} class="run-section" aria-label={`Run ${run}`} data-run={run}>
      {shownRuns.value.length > 1 && (
        <header class="run-header">
          <span class="run-dot" style={{ background: runColours.value.get(run) }} />
          <h2>{run}</h2>
          <span class="run-counts">
            {section.loaded && `${count(cards.length, "sample")} × ${frames.length} series`}
          </span>
        </header>
      )}
      {unreadable.length > 0 && (
        <p class="notice" role="status">
          {unreadable.map(({ series, step }) => `${series.tag} at step ${step}`).join(", ")}: the record cannot be read.
          It may be damaged on disk, or written by a newer version.
        </p>
      )}
      {!section.loaded && explains && <Skeletons />}
      {(!explains || (section.loaded && frames.length === 0 && !loading.value)) && (
        <p class="notice">Nothing was logged for this choice.</p>
      )}
      {samples > 0 && cards.length === 0 && (
        <p class="notice" data-testid="nothing-left">
          {selectedCount.value > 0 && onlySelected.value
            ? "None of the selected images was logged here at this step."
            : outcome.value !== "all" && filterCount.value === 1
              ? `No sample is ${outcome.value} at this step.`
              : "No sample passes the filters at this step."}
        </p>
      )}
      {cards.length > 0 && section.page.length === 0 && <p class="notice">This run has no samples on this page.</p>}
      {children}
    </section>
  );
}

function Skeletons() {
  return (
    <div class="cards" aria-hidden="true">
      {Array.from({ length: 8 }, (_, i) => (
        <div key={i} class="skeleton" />
      ))}
    </div>
  );
}

/** Away from the screen a section keeps its height, so that nothing jumps. */
const NEAR = {
  inView: runsInView,
  root: ".content",
  margin: "600px 0px",
  onLeave: (section: HTMLElement) => {
    section.style.minHeight = `${section.offsetHeight}px`;
  },
};

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
