/** Occlusion, to explore: hide any logged window, see what becomes of the score, and compare sizes of windows. */
import { useSignal } from "@preact/signals";
import type { OcclusionSlider } from "../../../data/occlusion.ts";
import { nearestWindow } from "../../../data/windows.ts";
import { className } from "../../../state/class_names.ts";
import { chosenSlider } from "../../../state/occlusion.ts";
import type { DetailProps } from "../details.ts";
import { SliderChoice } from "./MapChoices.tsx";
import { Fact, Readings } from "./Readings.tsx";
import { SizeBars } from "./SizeBars.tsx";
import { Patch, type Point, placeText, Stage } from "./Stage.tsx";
import { dropText } from "./words.ts";

export function OcclusionPanel({ explanation, target }: DetailProps) {
  const point = useSignal<Point | null>(null);
  const { detail } = target;
  if (detail.kind !== "OCCLUSION") return null;
  const { record, sample } = explanation;
  const { score, intact, sliders } = detail;
  const slider = sliders[chosenSlider(sliders.length)] as OcclusionSlider;
  const { windows, scores, drops, map } = slider;
  const at = point.value ? nearestWindow(windows, point.value.y, point.value.x) : strongest(drops);
  const hidden = scores[at] as number;
  const predicted = slider.predicted(at);
  const moveTo = (to: Point) => {
    point.value = to;
  };
  const [low, high] = extremes(sliders, intact);

  return (
    <div class="occlusion" data-testid="occlusion" style={{ "--ratio": record.width / record.height }}>
      <Stage explanation={explanation} target={target} map={map} onPoint={moveTo}>
        <Patch
          name="Hidden window"
          windows={windows}
          at={at}
          height={record.height}
          width={record.width}
          look="hidden"
          testId="patch"
          onMove={moveTo}
        />
      </Stage>
      <div class="occlusion-side">
        <SliderChoice count={sliders.length} sizes={sliders.map(({ windows }) => windows)} />
        <Readings
          score={score}
          low={low}
          high={high}
          readings={[
            { name: "Nothing hidden", score: intact, testId: "intact" },
            { name: "Window hidden", score: hidden, testId: "hidden" },
          ]}
        >
          <Fact name="Drop" testId="drop">
            {dropText(score, intact - hidden)}
          </Fact>
          {predicted !== undefined && (
            <Fact name="Predicted then" testId="predicted">
              {className(record.classes, predicted)}
              {sample.predicted !== undefined && predicted !== sample.predicted && (
                <span class="badge badge-warning">changed</span>
              )}
            </Fact>
          )}
          <Fact name="At">{placeText(windows, at)}</Fact>
        </Readings>
        <SizeBars score={score} sliders={sliders} chosen={slider} />
        <p class="hint">
          {point.value ? "" : "The window that costs most. "}
          Point at the image to hide another place, or focus the window and use the arrow keys.
        </p>
      </div>
    </div>
  );
}

/** The window that costs the score most. */
function strongest(drops: Float32Array): number {
  return drops.reduce((best, drop, i) => (drop > (drops[best] as number) ? i : best), 0);
}

/** The lowest and the highest score of all. */
function extremes(sliders: readonly OcclusionSlider[], intact: number): [number, number] {
  let low = Math.min(0, intact);
  let high = Math.max(0, intact);
  for (const { scores } of sliders)
    for (const score of scores) {
      if (score < low) low = score;
      if (score > high) high = score;
    }
  return [low, high];
}
