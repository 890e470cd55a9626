/** A pair of maps enlarged: both at full size under a divider, their difference, and what each side gives the classes. */
import { batch, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { bindKeys } from "../../shell/keyboard.ts";
import { Timeline } from "../../shell/Timeline.tsx";
import { compareLoading, openPair, SIDES } from "../../state/compare.ts";
import { openPage } from "../../state/sample_page.ts";
import { openSample } from "../../state/samples.ts";
import { seriesNames } from "../../state/series.ts";
import { Dialog } from "../../widgets/Dialog.tsx";
import { MoveButtons } from "../../widgets/MoveButtons.tsx";
import { Segmented } from "../../widgets/Segmented.tsx";
import { ClassTable } from "./ClassTable.tsx";
import { DifferenceLegend } from "./DifferenceLegend.tsx";
import { DifferencePicture, differs } from "./DifferencePicture.tsx";
import { LikenessText } from "./LikenessText.tsx";
import { Predictions, subjectOf } from "./PairCard.tsx";
import type { MapPair, SamplePair } from "./pairs.ts";
import { SidePicture } from "./SidePicture.tsx";
import { sideTitle } from "./Sides.tsx";
import { type Seen, Swipe } from "./Swipe.tsx";
import { arranged, samplePairs } from "./shown.ts";

/** The longer side of an enlarged picture on screen. */
const LARGE = 520;

const SEEN: [Seen, string][] = [
  ["swipe", "Swipe"],
  ["a", "A"],
  ["b", "B"],
];

export function PairDialog() {
  const open = openPair.value;
  const pair = useComputed(() => samplePairs.value.find(({ id }) => id === openPair.value?.sample));
  const seen = useSignal<Seen>("swipe");
  const blink = () => {
    seen.value = seen.peek() === "a" ? "b" : "a";
  };
  useEffect(() => (open ? bindKeys({ b: blink }) : undefined), [open !== null]);
  if (!open) return null;
  const maps = pair.value?.maps.find(({ series }) => series.key === open.series) ?? pair.value?.maps[0];
  return (
    <Dialog
      class="sample-dialog pair-dialog"
      testId="pair-dialog"
      title={pair.value ? <Predictions pair={pair.value} /> : "Comparison"}
      beside={
        pair.value && (
          <button type="button" class="text-button" data-testid="open-page" onClick={() => openPageOf(pair.value)}>
            Open page
          </button>
        )
      }
      onClose={() => {
        openPair.value = null;
      }}
    >
      {pair.value && maps ? (
        <Enlarged pair={pair.value} maps={maps} seen={seen} />
      ) : (
        <p class="notice">{compareLoading.value ? "Loading …" : "This sample is not on both sides at this step."}</p>
      )}
      <footer class="sample-footer">
        <MoveButtons onMove={movePair} />
        <Timeline testId="dialog-step-slider" />
      </footer>
    </Dialog>
  );
}

type EnlargedProps = { pair: SamplePair; maps: MapPair; seen: { value: Seen } };

function Enlarged({ pair, maps, seen }: EnlargedProps) {
  const { record, sample } = maps.a.explanation;
  const longest = Math.min(512, Math.max(256, record.height, record.width));
  const [a, b] = SIDES.map((side) => <SidePicture side={side} pair={maps} longest={longest} shownAt={LARGE} />);
  return (
    <div class="sample-body">
      <figure class="large">
        <div class="swipe-frame" style={{ "--ratio": record.width / record.height }}>
          <Swipe a={a} b={b} seen={seen.value} />
        </div>
        <div class="swipe-controls">
          <Segmented
            label="Seen"
            value={seen.value}
            options={SEEN}
            testId="seen"
            onChange={(value) => {
              seen.value = value;
            }}
          />
          <p class="hint">
            Drag the divider, or move it with the arrow keys; <kbd>B</kbd> blinks between A and B.
          </p>
        </div>
        <figcaption>
          <span>{seriesNames.value(maps.series.a.series)}</span>
          <span>{subjectOf(maps)}</span>
          <span>{sideTitle("a")}</span>
          <span>{sideTitle("b")}</span>
          {sample.name && <span>{sample.name}</span>}
        </figcaption>
      </figure>
      <div class="sample-side">
        {differs(maps) && (
          <div class="pair-difference">
            <DifferencePicture pair={maps} longest={256} />
            <DifferenceLegend pairs={[maps]} />
          </div>
        )}
        <p class="pair-likeness">
          <LikenessText pair={maps} />
        </p>
        <ClassTable pair={pair} />
        <h3>Series on both sides</h3>
        <div class="pair-series">
          {pair.maps.map((other) => (
            <button
              key={other.series.key}
              type="button"
              aria-pressed={other === maps}
              onClick={() => {
                openPair.value = { sample: pair.id, series: other.series.key };
              }}
            >
              <span class="tile-name">{seriesNames.value(other.series.a.series)}</span>
              <LikenessText pair={other} />
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

/** All about the sample in B's run; the way back leads here again. */
function openPageOf(pair: SamplePair | undefined): void {
  const run = pair?.b.explanations[0]?.frame.series.run;
  if (!pair || run === undefined) return;
  batch(() => {
    openSample.value = { run, sample: pair.b.sample.id };
    openPage();
  });
}

/** Opens the sample before or after the open one, in the order of the view. */
export function movePair(by: number): void {
  const open = openPair.value;
  const at = arranged.value.findIndex(({ id }) => id === open?.sample);
  const next = arranged.value[at + by];
  if (open && next) openPair.value = { ...open, sample: next.id };
}
