/** The pane at the right of views of maps: how overlays look, what their colours mean, how large tiles are, and what more a view adds. */
import type { ComponentChildren } from "preact";
import type { Range } from "../../data/maps.ts";
import * as appearance from "../../state/appearance.ts";
import { resetKept } from "../../state/link_state.ts";
import { PAGE_SIZES, page, pageSize, tileSize } from "../../state/samples.ts";
import { Select } from "../../widgets/Select.tsx";
import { Slider } from "../../widgets/Slider.tsx";
import { AppearanceControls, Bar } from "./AppearanceControls.tsx";
import { compact } from "./format.ts";
import { Controls } from "./superpixels/Controls.tsx";

const RANGES: ["map" | "shared", string][] = [
  ["map", "Per map"],
  ["shared", "Shared"],
];

type Props = {
  /** Whether it is known what is shown: what the pane offers follows from that, and comes all at once. */
  ready: boolean;
  /** Whether there is a choice of colours for signed maps. */
  signed: boolean;
  legend: ComponentChildren;
  /** The most superpixels of a map in sight; 0: none has any. */
  superpixels: number;
  currentPage: number;
  children?: ComponentChildren;
};

export function OverlayPane({ ready, signed, legend, superpixels, currentPage, children }: Props) {
  if (!ready) return <aside class="settings" aria-label="Overlay settings" data-testid="settings" />;
  return (
    <aside class="settings" aria-label="Overlay settings" data-testid="settings">
      <h2>Overlay</h2>
      <AppearanceControls signed={signed} ranges={RANGES} />
      {legend}
      <button type="button" class="text-button" data-testid="reset" onClick={appearance.resetAppearance}>
        Reset overlay
      </button>
      {superpixels > 0 && (
        <>
          <h2>Superpixels</h2>
          <Controls count={superpixels} place="pane" />
        </>
      )}
      <h2>Tiles</h2>
      <Slider label="Size" value={tileSize} min={96} max={320} step={8} testId="size" format={(size) => `${size} px`} />
      <Select
        label="Samples per page"
        value={String(pageSize.value)}
        options={PAGE_SIZES.map((size) => [String(size), String(size)])}
        onChange={(value) => {
          page.value = Math.floor((currentPage * pageSize.value) / Number(value));
          pageSize.value = Number(value);
        }}
      />
      {children}
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

type LegendProps = {
  /** Which kinds of maps are in sight. */
  signedness: { signed: boolean; unsigned: boolean };
  /** What shares a range, as a sentence. */
  sharing: string;
  ranges: ReadonlyMap<string, Range>;
  children?: ComponentChildren;
};

export function RangeLegend({ signedness: { signed, unsigned }, sharing, ranges, children }: LegendProps) {
  const shared = appearance.range.value === "shared";
  if (!signed && !unsigned) return null; // pictures and clusters have no range
  return (
    <div class="legend" data-testid="legend">
      {unsigned && (
        <Bar map={appearance.colourMap} low={shared ? "low" : "map's lowest"} high={shared ? "high" : "highest"} />
      )}
      {signed && <Bar map={appearance.diverging} low="against" high="for the class" />}
      <p class="hint">{shared ? sharing : "Each map on its own range, within:"}</p>
      <dl>
        {[...ranges].map(([method, { low, high }]) => (
          <div key={method}>
            <dt>{method}</dt>
            <dd>
              {compact(low)} … {compact(high)}
            </dd>
          </div>
        ))}
      </dl>
      {children}
    </div>
  );
}
