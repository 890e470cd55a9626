/** How maps are coloured, in all views that draw them. */
import type { ReadonlySignal } from "@preact/signals";
import { type Diverging, gradient, type Sequential } from "../../render/heatmap/lut.ts";
import type { Mode } from "../../render/heatmap/overlay.ts";
import * as appearance from "../../state/appearance.ts";
import { Segmented } from "../../widgets/Segmented.tsx";
import { Select } from "../../widgets/Select.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { wholePercent } from "./format.ts";

const SEQUENTIAL: [Sequential, string][] = [
  ["viridis", "Viridis"],
  ["cividis", "Cividis"],
  ["magma", "Magma"],
  ["turbo", "Turbo (as in papers)"],
];
const DIVERGING: [Diverging, string][] = [
  ["RdBu", "Red – blue"],
  ["PuOr", "Orange – purple"],
];
const MODES: [Mode, string][] = [
  ["overlay", "Overlay"],
  ["mask", "Mask"],
];

type Props = {
  /** Whether some maps are. */
  signed: boolean;
  /** What the two kinds of ranges are called. */
  ranges: ["map" | "shared", string][];
};

export function AppearanceControls({ signed, ranges }: Props) {
  return (
    <>
      <Segmented
        label="Display"
        value={appearance.mode.value}
        options={MODES}
        testId="mode"
        onChange={appearance.setMode}
      />
      <Slider
        label="Opacity"
        value={appearance.opacity}
        min={0}
        max={1}
        step={0.01}
        testId="opacity"
        format={wholePercent}
      />
      <Slider
        label="Threshold"
        value={appearance.threshold}
        min={0}
        max={1}
        step={0.01}
        testId="threshold"
        format={wholePercent}
      />
      <Slider
        label="Gamma"
        value={appearance.gamma}
        min={0.2}
        max={3}
        step={0.05}
        testId="gamma"
        format={(g) => g.toFixed(2)}
      />
      <Select
        label="Colours"
        value={appearance.colourMap.value}
        options={SEQUENTIAL}
        testId="colormap"
        onChange={(value) => {
          appearance.colourMap.value = value;
        }}
      />
      {signed && (
        <Select
          label="Signed maps"
          value={appearance.diverging.value}
          options={DIVERGING}
          testId="diverging"
          onChange={(value) => {
            appearance.diverging.value = value;
          }}
        />
      )}
      <Segmented
        label="Range"
        value={appearance.range.value}
        options={ranges}
        testId="range"
        onChange={(value) => {
          appearance.range.value = value;
        }}
      />
    </>
  );
}

type BarProps = { map: ReadonlySignal<Sequential | Diverging>; low: string; high: string };

/** The colours of a legend, and what its ends stand for. */
export function Bar({ map, low, high }: BarProps) {
  return (
    <div>
      <div class="legend-colours" style={{ background: gradient(map.value, appearance.gamma.value) }} />
      <div class="legend-ends">
        <span>{low}</span>
        <span>{high}</span>
      </div>
    </div>
  );
}
