/** How overlays and tiles look: the pane at the right. */
import { figureLabel } from "../../data/figures.ts";
import * as appearance from "../../state/appearance.ts";
import { resetKept } from "../../state/link_state.ts";
import { figureSelection, PAGE_SIZES, page, pageSize, showOriginal, tileSize } from "../../state/samples.ts";
import { toggle } from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
import { Select } from "../../widgets/Select.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { AppearanceControls, Bar } from "./AppearanceControls.tsx";
import { compact } from "./format.ts";
import { MapChoices } from "./occlusion/MapChoices.tsx";
import { currentPage, loggedFigures, sharedRanges, shownFigures, signedness, superpixelCount } from "./sections.ts";
import { Controls } from "./superpixels/Controls.tsx";

const RANGES: ["map" | "shared", string][] = [
  ["map", "Per map"],
  ["shared", "Shared"],
];

export function OverlaySettings() {
  return (
    <aside class="settings" aria-label="Overlay settings" data-testid="settings">
      <h2>Overlay</h2>
      <AppearanceControls signed={signedness.value.signed} ranges={RANGES} />
      <Legend />
      <button type="button" class="text-button" data-testid="reset" onClick={appearance.resetAppearance}>
        Reset overlay
      </button>
      {superpixelCount.value > 0 && (
        <>
          <h2>Superpixels</h2>
          <Controls count={superpixelCount.value} place="pane" />
        </>
      )}
      <h2>Tiles</h2>
      <Slider label="Size" value={tileSize} min={96} max={320} step={8} testId="size" format={(size) => `${size} px`} />
      <Select
        label="Samples per page"
        value={String(pageSize.value)}
        options={PAGE_SIZES.map((size) => [String(size), String(size)])}
        onChange={(value) => {
          page.value = Math.floor((currentPage.value * pageSize.value) / Number(value));
          pageSize.value = Number(value);
        }}
      />
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
      <button
        type="button"
        class="text-button"
        data-testid="reset-settings"
        title="How overlays and tiles look, the pages' size, the panes and the speed of playing, which this browser keeps"
        onClick={resetKept}
      >
        Reset settings
      </button>
    </aside>
  );
}

function Legend() {
  const { signed, unsigned } = signedness.value;
  const shared = appearance.range.value === "shared";
  if (!signed && !unsigned) return null; // pictures and clusters have no range
  return (
    <div class="legend" data-testid="legend">
      {unsigned && (
        <Bar map={appearance.colourMap} low={shared ? "low" : "map's lowest"} high={shared ? "high" : "highest"} />
      )}
      {signed && <Bar map={appearance.diverging} low="against" high="for the class" />}
      <p class="hint">{shared ? "Every map on the range of its method:" : "Each map on its own range, within:"}</p>
      <dl>
        {[...sharedRanges.value].map(([method, { low, high }]) => (
          <div key={method}>
            <dt>{method}</dt>
            <dd>
              {compact(low)} … {compact(high)}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
