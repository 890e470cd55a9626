/** How both sides and their difference look: the pane at the right. */
import * as appearance from "../../state/appearance.ts";
import { resetKept } from "../../state/link_state.ts";
import { PAGE_SIZES, page, pageSize, tileSize } from "../../state/samples.ts";
import { Select } from "../../widgets/Select.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { AppearanceControls, Bar } from "../explanations/AppearanceControls.tsx";
import { compact } from "../explanations/format.ts";
import { Controls } from "../explanations/superpixels/Controls.tsx";
import { DifferenceLegend } from "./DifferenceLegend.tsx";
import { currentPage, sharedRanges, signedness, superpixelCount, visiblePairs } from "./shown.ts";

const RANGES: ["map" | "shared", string][] = [
  ["map", "Per map"],
  ["shared", "Shared"],
];

export function CompareSettings() {
  return (
    <aside class="settings" aria-label="Overlay settings" data-testid="settings">
      <h2>Overlay</h2>
      <AppearanceControls signed ranges={RANGES} />
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
      <p class="hint">
        {shared ? "A and B on one range, that of their method:" : "Each map on its own range, within:"}
      </p>
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
      <p class="hint">Difference of the values so normalised:</p>
      <DifferenceLegend pairs={visiblePairs.value.flatMap(({ maps }) => maps)} />
    </div>
  );
}
