/** The view of attribution maps: for every shown run its samples, and what each method says about them. */
import { useEffect } from "preact/hooks";
import { EmptyState } from "../../shell/EmptyState.tsx";
import { onCommand } from "../../shell/keyboard.ts";
import { settingsOpen } from "../../shell/panes.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { loading } from "../../state/frame.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { openSample, tileSize } from "../../state/samples.ts";
import { shownSeries } from "../../state/series.ts";
import { explanationNumbers } from "./numbers.ts";
import { OverlaySettings } from "./OverlaySettings.tsx";
import { moveSample } from "./opened.ts";
import { RunSection } from "./RunSection.tsx";
import { SampleCard } from "./SampleCard.tsx";
import { SampleDialog } from "./SampleDialog.tsx";
import { sections, turnPage } from "./sections.ts";
import "./style_sheets.ts";
import { Toolbar } from "./Toolbar.tsx";

export function Explanations() {
  useEffect(
    () =>
      onCommand((command) => {
        const by = command === "next" ? 1 : -1;
        if (openSample.peek()) moveSample(by);
        else turnPage(by);
      }),
    [],
  );
  useEffect(() => offerNumbers(explanationNumbers), []);
  const style = { "--overlay-opacity": opacity.value, "--tile": `${tileSize.value}px` };
  return (
    <div class="explanations" style={style} data-peek={peeking.value || undefined}>
      <div class="explanations-main">
        <Toolbar />
        <div class="content" aria-busy={loading.value}>
          {shownSeries.value.length === 0 ? (
            <EmptyState />
          ) : (
            sections.value.map((section) => (
              <RunSection key={section.run} section={section}>
                {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
                <ul class="cards" role="list">
                  {section.page.map((card) => (
                    <SampleCard key={card.sample.id} card={card} />
                  ))}
                </ul>
              </RunSection>
            ))
          )}
        </div>
      </div>
      {settingsOpen.value && <OverlaySettings />}
      <SampleDialog />
    </div>
  );
}
