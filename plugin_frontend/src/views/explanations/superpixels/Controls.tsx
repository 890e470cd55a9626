/** Which superpixels are shown: so many of the strongest, of one sign, with or without the rest of the image. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Sign } from "../../../render/superpixels/choice.ts";
import { hideRest, outlines, sign, strongest } from "../../../state/superpixels.ts";
import { Segmented } from "../../../widgets/Segmented.tsx";
import { Slider } from "../../../widgets/Slider.tsx";

const SIGNS: [Sign, string][] = [
  ["both", "Both"],
  ["for", "For"],
  ["against", "Against"],
];

type Props = {
  /** How many superpixels there are, at most. */
  count: number;
  /** In the enlarged sample, or in the pane for all tiles: they may be on screen together. */
  place: "panel" | "pane";
  /** What else there is to slide. */
  children?: ComponentChildren;
};

export function Controls({ count, place, children }: Props) {
  const testId = (name: string) => (place === "panel" ? name : `${name}-everywhere`);
  const shown = {
    get value() {
      return Math.min(count, strongest.value ?? count);
    },
    set value(asked: number) {
      strongest.value = asked >= count ? null : asked;
    },
  };
  return (
    <>
      <Slider
        label="Strongest"
        value={shown}
        min={1}
        max={count}
        step={1}
        testId={testId("strongest")}
        format={(n) => (n >= count ? `all ${count}` : `${n} of ${count}`)}
      />
      {children}
      <Segmented
        label="Weights"
        value={sign.value}
        options={SIGNS}
        testId={testId("sign")}
        onChange={(value) => {
          sign.value = value;
        }}
      />
      <div class="checks">
        <Check label="Hide the rest" value={hideRest} testId={testId("hide-rest")} />
        <Check label="Outlines" value={outlines} testId={testId("outlines")} />
      </div>
    </>
  );
}

function Check({ label, value, testId }: { label: string; value: Signal<boolean>; testId: string }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        data-testid={testId}
        checked={value.value}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
      {label}
    </label>
  );
}
