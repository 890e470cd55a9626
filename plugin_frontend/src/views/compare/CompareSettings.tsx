/** How both sides and their difference look. */
import { comparedSeries } from "../../state/compare.ts";
import { compareFrame } from "../../state/compare_frame.ts";
import { OverlayPane, RangeLegend } from "../explanations/OverlayPane.tsx";
import { DifferenceLegend } from "./DifferenceLegend.tsx";
import { currentPage, sharedRanges, signedness, superpixelCount, visiblePairs } from "./shown.ts";

export function CompareSettings() {
  const legend = (
    <RangeLegend
      signedness={signedness.value}
      sharing="A and B on one range, that of their method:"
      ranges={sharedRanges.value}
    >
      <p class="hint">Difference of the values so normalised:</p>
      <DifferenceLegend pairs={visiblePairs.value.flatMap(({ maps }) => maps)} />
    </RangeLegend>
  );
  return (
    <OverlayPane
      ready={compareFrame.value !== null || comparedSeries.value.length === 0}
      signed
      legend={legend}
      superpixels={superpixelCount.value}
      currentPage={currentPage.value}
    />
  );
}
