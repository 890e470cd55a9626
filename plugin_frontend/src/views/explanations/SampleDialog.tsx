/** One sample enlarged: its image at full size, every series that explains it, and the probabilities of its targets. */
import { useComputed } from "@preact/signals";
import { Timeline } from "../../shell/Timeline.tsx";
import { className } from "../../state/class_names.ts";
import { pointed } from "../../state/clusters.ts";
import { frame, loading } from "../../state/frame.ts";
import { classChoice, openSample } from "../../state/samples.ts";
import { openSeries, seriesKey, seriesNames } from "../../state/series.ts";
import { picked } from "../../state/superpixels.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { Dialog } from "../../widgets/Dialog.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { type Card, cardsOf, chooseTarget, type Explanation, ranked } from "./cards.ts";
import { oneAnAnalysis } from "./clusters/path.ts";
import { TurningBadge } from "./clusters/TurningBadge.tsx";
import { usePanel } from "./details.ts";
import { FigureTable } from "./Figures.tsx";
import { FlagNotes } from "./Flags.tsx";
import { percent } from "./format.ts";
import { Caption, LargePicture, LargeVoxels } from "./LargePicture.tsx";
import { Picture } from "./Picture.tsx";
import { PinButton } from "./PinButton.tsx";
import { Verdict } from "./SampleCard.tsx";
import { sections } from "./sections.ts";

export function SampleDialog() {
  const card = useComputed<Card | undefined>(() => {
    const open = openSample.value;
    return open
      ? cardsOf(frame.value?.runs.get(open.run) ?? []).find(({ sample }) => sample.id === open.sample)
      : undefined;
  });
  const explanations = card.value?.explanations ?? [];
  const main = explanations.find(({ frame }) => seriesKey(frame.series) === openSeries.value) ?? explanations[0];
  const target = main && chooseTarget(main, classChoice.value);
  const Panel = usePanel(main?.frame.series.kind);
  const open = openSample.value;
  if (!open) return null;
  return (
    <Dialog
      class="sample-dialog"
      testId="sample-dialog"
      title={titleOf(card.value)}
      beside={
        card.value && (
          <>
            <PinButton id={open.sample} name={card.value.sample.name} class="dialog-pin" />
            <TurningBadge card={card.value} everywhere />
          </>
        )
      }
      onClose={() => {
        openSample.value = null;
        openSeries.value = null;
        picked.value = null;
        pointed.value = null;
      }}
    >
      {card.value && main ? (
        <div class="sample-body" data-panel={Panel !== undefined && target ? main.frame.series.kind : undefined}>
          {Panel === null && target && <p class="notice">Loading …</p>}
          {Panel && target && <Panel explanation={main} target={target} />}
          {(Panel === undefined || !target) && (
            <figure class="large">
              <LargePicture explanation={main} target={target ?? null} />
              <Caption explanation={main} target={target ?? null} />
              {main.sample.volume && <LargeVoxels explanation={main} />}
            </figure>
          )}
          <div class="sample-side">
            <p class="sample-origin">
              {card.value.sample.name && <span>{card.value.sample.name}</span>}
              <span>{open.run}</span>
            </p>
            <FlagNotes flags={target?.flags ?? 0} />
            <Targets explanation={main} />
            {target && target.map.form !== "picture" && target.figures.length > 0 && (
              <>
                <h3>Quality of the map</h3>
                <FigureTable figures={target.figures} />
              </>
            )}
            <h3>Explanations</h3>
            <div class="strip">
              {oneAnAnalysis(explanations, main).map((explanation) => (
                <Thumbnail
                  key={seriesKey(explanation.frame.series)}
                  explanation={explanation}
                  current={explanation === main}
                  onChoose={() => {
                    openSeries.value = seriesKey(explanation.frame.series);
                  }}
                />
              ))}
            </div>
          </div>
        </div>
      ) : (
        <p class="notice">{loading.value ? "Loading …" : "This sample was not logged at this step."}</p>
      )}
      <footer class="sample-footer">
        <button
          type="button"
          class="icon-button"
          aria-label="Previous sample"
          title="Previous sample  ["
          onClick={() => moveSample(-1)}
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Next sample"
          title="Next sample  ]"
          onClick={() => moveSample(1)}
        >
          <Icon name="right" />
        </button>
        <Timeline testId="dialog-step-slider" />
      </footer>
    </Dialog>
  );
}

function titleOf(card: Card | undefined) {
  const { label, predicted, name } = card?.sample ?? {};
  return card && (label ?? predicted) !== undefined ? <Verdict card={card} /> : name || "Sample";
}

/** Opens the sample before or after the open one, in the order of the view. */
export function moveSample(by: number): void {
  const open = openSample.value;
  const cards = sections.value.find(({ run }) => run === open?.run)?.cards ?? [];
  const at = cards.findIndex(({ sample }) => sample.id === open?.sample);
  const next = cards[at + by];
  if (!open || !next) return;
  openSample.value = { run: open.run, sample: next.sample.id };
  picked.value = null; // another image has other superpixels
}

/** The probabilities of the logged targets; choosing one explains it everywhere. */
function Targets({ explanation }: { explanation: Explanation }) {
  const { sample, record } = explanation;
  const targets = ranked(sample.targets);
  if (targets.length === 0) return null;
  const chosen = chooseTarget(explanation, classChoice.value);
  return (
    <>
      <h3>Logged classes</h3>
      <div class="targets">
        {targets.map(({ classIndex, probability }) => (
          <button
            key={classIndex}
            type="button"
            class="target"
            aria-pressed={chosen?.classIndex === classIndex}
            onClick={() => {
              classChoice.value = classIndex;
            }}
          >
            <span class="target-bar" style={{ width: `${100 * (probability ?? 0)}%` }} />
            <span class="target-name">
              <ClassDot index={classIndex} />
              {className(record.classes, classIndex)}
              {classIndex === sample.label && <span class="target-role">true label</span>}
            </span>
            <span class="probability">{percent(probability)}</span>
          </button>
        ))}
      </div>
    </>
  );
}

function Thumbnail({
  explanation,
  current,
  onChoose,
}: {
  explanation: Explanation;
  current: boolean;
  onChoose: () => void;
}) {
  const target = chooseTarget(explanation, classChoice.value);
  return (
    <button type="button" class="thumbnail" aria-pressed={current} onClick={onChoose}>
      <Picture
        explanation={explanation}
        target={target}
        longest={96}
        shownAt={96}
        note={target ? undefined : "not logged"}
      />
      <span class="tile-name">{seriesNames.value(explanation.frame.series)}</span>
    </button>
  );
}
