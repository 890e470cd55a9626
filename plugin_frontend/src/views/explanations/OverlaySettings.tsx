/** How overlays and tiles of the explanations look. */
import { figureLabel } from "../../data/figures.ts";
import { figureSelection, showOriginal } from "../../state/samples.ts";
import { shownSeries, toggle } from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
import { OverlayPane, RangeLegend } from "./OverlayPane.tsx";
import { MapChoices } from "./occlusion/MapChoices.tsx";
import {
  currentPage,
  loggedFigures,
  sections,
  sharedRanges,
  shownFigures,
  signedness,
  superpixelCount,
} from "./sections.ts";

export function OverlaySettings() {
  const legend = (
    <RangeLegend
      signedness={signedness.value}
      sharing="Every map on the range of its method:"
      ranges={sharedRanges.value}
    />
  );
  return (
    <OverlayPane
      ready={sections.value.some(({ frames }) => frames.length > 0) || shownSeries.value.length === 0}
      signed={signedness.value.signed}
      legend={legend}
      superpixels={superpixelCount.value}
      currentPage={currentPage.value}
    >
      <label class="check">
        <input
          type="checkbox"
          data-testid="original"
          checked={showOriginal.value}
          onChange={(event) => {
            showOriginal.value = event.currentTarget.checked;
          }}
        />
        Show original
      </label>
      <MapChoices />
      <Chips
        label="Figures"
        names={loggedFigures.value.map(([name]) => name)}
        chosen={new Set(shownFigures.value)}
        onToggle={(name) => toggle(figureSelection, new Set(shownFigures.value), name)}
        title={figureLabel}
        testId="figure-choice"
      />
    </OverlayPane>
  );
}
