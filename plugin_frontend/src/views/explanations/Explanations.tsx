/** The view of attribution maps: for every shown run its samples, and what each method says about them. */
import { useEffect } from "preact/hooks";
import { EmptyState } from "../../shell/EmptyState.tsx";
import { onCommand } from "../../shell/keyboard.ts";
import { settingsOpen } from "../../shell/panes.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { loading } from "../../state/frame.ts";
import { openSample, tileSize } from "../../state/samples.ts";
import { shownSeries } from "../../state/series.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import styles from "../../styles/explanations.css?inline";
import figureStyles from "../../styles/figures.css?inline";
import occlusionStyles from "../../styles/occlusion.css?inline";
import dialogStyles from "../../styles/sample_dialog.css?inline";
import tileStyles from "../../styles/tiles.css?inline";
import { OverlaySettings } from "./OverlaySettings.tsx";
import { RunSection } from "./RunSection.tsx";
import { moveSample, SampleDialog } from "./SampleDialog.tsx";
import { sections } from "./sections.ts";
import { Toolbar, turnPage } from "./Toolbar.tsx";

adoptStyles(styles, tileStyles, dialogStyles, figureStyles, occlusionStyles);

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
  const style = { "--overlay-opacity": opacity.value, "--tile": `${tileSize.value}px` };
  return (
    <div class="explanations" style={style} data-peek={peeking.value || undefined}>
      <div class="explanations-main">
        <Toolbar />
        <div class="content" aria-busy={loading.value}>
          {shownSeries.value.length === 0 ? (
            <EmptyState />
          ) : (
            sections.value.map((section) => <RunSection key={section.run} section={section} />)
          )}
        </div>
      </div>
      {settingsOpen.value && <OverlaySettings />}
      <SampleDialog />
    </div>
  );
}
