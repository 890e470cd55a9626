/** How activations and tiles look: the pane at the right. */
import { gradient } from "../../render/heatmap/lut.ts";
import * as appearance from "../../state/appearance.ts";
import { featureFrame } from "../../state/feature_frame.ts";
import { alone, channelSize } from "../../state/features.ts";
import { Segmented } from "../../widgets/Segmented.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { AppearanceControls } from "../explanations/AppearanceControls.tsx";
import { compact } from "../explanations/format.ts";
import { halves } from "./reading.ts";

const RANGES: ["map" | "shared", string][] = [
  ["map", "Channel"],
  ["shared", "Layer"],
];

export function FeatureSettings() {
  const signed = halves.value.some(({ maps }) => maps?.signed);
  if (!featureFrame.value) return <aside class="settings" aria-label="Overlay settings" data-testid="settings" />;
  return (
    <aside class="settings" aria-label="Overlay settings" data-testid="settings">
      <h2>Activations</h2>
      <Segmented
        label="Drawn"
        value={alone.value ? "alone" : "image"}
        options={[
          ["image", "Over image"],
          ["alone", "Alone"],
        ]}
        testId="alone"
        onChange={(value) => {
          alone.value = value === "alone";
        }}
      />
      <AppearanceControls signed={signed} ranges={RANGES} />
      <Legend />
      <button type="button" class="text-button" data-testid="reset" onClick={appearance.resetAppearance}>
        Reset overlay
      </button>
      <h2>Tiles</h2>
      <Slider
        label="Size"
        value={channelSize}
        min={40}
        max={240}
        step={8}
        testId="size"
        format={(size) => `${size} px`}
      />
    </aside>
  );
}

function Legend() {
  const shown = halves.value.filter(({ maps }) => maps);
  if (shown.length === 0) return null;
  const shared = appearance.range.value === "shared";
  return (
    <div class="legend" data-testid="legend">
      {[true, false].map(
        (signed) =>
          shown.some(({ maps }) => maps?.signed === signed) && (
            <div key={String(signed)}>
              <div
                class="legend-colours"
                style={{
                  background: gradient(
                    signed ? appearance.diverging.value : appearance.colourMap.value,
                    appearance.gamma.value,
                  ),
                }}
              />
              <div class="legend-ends">
                <span>{signed ? "below 0" : shared ? "layer's lowest" : "map's lowest"}</span>
                <span>{signed ? "above 0" : "highest"}</span>
              </div>
            </div>
          ),
      )}
      <p class="hint">
        {shared
          ? "Every channel on the range of its layer: strong ones stand out."
          : "Each channel on its own range: weak ones are seen as well. Values lie within:"}
      </p>
      <dl>
        {shown.map(({ pane, maps }) => (
          <div key={`${pane.run} ${pane.layer}`}>
            <dt>
              {shown.some((other) => other.maps !== maps && other.pane.layer === pane.layer) ? pane.run : pane.layer}
            </dt>
            <dd>
              {compact(maps?.range.low ?? 0)} … {compact(maps?.range.high ?? 0)}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
