/** The view of comparisons: two runs or two steps side by side, for the samples that both explain. */
import { useEffect } from "preact/hooks";
import { EmptyState } from "../../shell/EmptyState.tsx";
import { onCommand } from "../../shell/keyboard.ts";
import { settingsOpen } from "../../shell/panes.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { comparedSeries, compareLoading, missingSides, openPair, sideRuns } from "../../state/compare.ts";
import { compareFrame, followCompare } from "../../state/compare_frame.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { tileSize } from "../../state/samples.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import styles from "../../styles/compare.css?inline";
import swipeStyles from "../../styles/compare_dialog.css?inline";
import "../explanations/style_sheets.ts";
import { CompareSettings } from "./CompareSettings.tsx";
import { CompareToolbar } from "./CompareToolbar.tsx";
import { followLikeness } from "./likeness.ts";
import { compareNumbers } from "./numbers.ts";
import { PairCard } from "./PairCard.tsx";
import { movePair, PairDialog } from "./PairDialog.tsx";
import { Missing, nothingToCompare, OnlyOne, Partners } from "./Partners.tsx";
import { Sides } from "./Sides.tsx";
import { Summary } from "./Summary.tsx";
import { samplePairs, turnPage, visiblePairs } from "./shown.ts";

adoptStyles(styles, swipeStyles);

export function Compare() {
  useEffect(followCompare, []);
  useEffect(() => followLikeness(samplePairs), []);
  useEffect(() => offerNumbers(compareNumbers), []);
  useEffect(
    () =>
      onCommand((command) => {
        const by = command === "next" ? 1 : -1;
        if (openPair.peek()) movePair(by);
        else turnPage(by);
      }),
    [],
  );
  const style = { "--overlay-opacity": opacity.value, "--tile": `${tileSize.value}px` };
  return (
    <div class="explanations compare" style={style} data-peek={peeking.value || undefined}>
      <div class="explanations-main">
        {sideRuns.value && (
          <div class="compare-header">
            <Sides />
            <CompareToolbar />
            <Summary />
          </div>
        )}
        <div class="content" aria-busy={compareLoading.value}>
          <Content />
        </div>
      </div>
      {settingsOpen.value && <CompareSettings />}
      <PairDialog />
    </div>
  );
}

function Content() {
  if (missingSides.value.length > 0) return <Missing />;
  if (comparedSeries.value.length === 0) return <EmptyState />;
  if (nothingToCompare.value) return <OnlyOne />;
  if (!compareFrame.value || (compareLoading.value && samplePairs.value.length === 0))
    return (
      <p class="waiting" role="status">
        Loading both sides …
      </p>
    );
  return (
    <>
      <Partners />
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
      <ul class="cards" role="list">
        {visiblePairs.value.map((pair) => (
          <PairCard key={pair.id} pair={pair} />
        ))}
      </ul>
    </>
  );
}
