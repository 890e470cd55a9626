/** One sample enlarged: its image at full size, every series that explains it, and the probabilities of its targets. */
import { useComputed } from "@preact/signals";
import type { Target } from "../../data/explained.ts";
import { Timeline } from "../../shell/Timeline.tsx";
import { className } from "../../state/class_names.ts";
import { frame, loading } from "../../state/frame.ts";
import { classChoice, openSample } from "../../state/samples.ts";
import { methodOf, openSeries, seriesKey, seriesNames } from "../../state/series.ts";
import { Dialog } from "../../widgets/Dialog.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { type Card, cardsOf, chooseTarget, type Explanation, ranked } from "./cards.ts";
import { usePanel } from "./details.ts";
import { FigureTable } from "./Figures.tsx";
import { FlagBadges, FlagNotes } from "./Flags.tsx";
import { compact, percent } from "./format.ts";
import { Picture } from "./Picture.tsx";
import { Verdict } from "./SampleCard.tsx";
import { rangeFor, sections } from "./sections.ts";
import { shownMap } from "./shown_map.ts";

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
      title={card.value ? <Verdict card={card.value} /> : "Sample"}
      onClose={() => {
        openSample.value = null;
        openSeries.value = null;
      }}
    >
      {card.value && main ? (
        <div class="sample-body" data-panel={Panel && target ? main.frame.series.kind : undefined}>
          {Panel && target ? (
            <Panel explanation={main} target={target} />
          ) : (
            <LargePicture explanation={main} target={target ?? null} />
          )}
          <div class="sample-side">
            <p class="sample-origin">
              {card.value.sample.name && <span>{card.value.sample.name}</span>}
              <span>{open.run}</span>
            </p>
            <FlagNotes flags={target?.flags ?? 0} />
            <Targets explanation={main} />
            {target && target.figures.length > 0 && (
              <>
                <h3>Quality of the map</h3>
                <FigureTable figures={target.figures} />
              </>
            )}
            <h3>Explanations</h3>
            <div class="strip">
              {explanations.map((explanation) => (
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

/** Opens the sample before or after the open one, in the order of the view. */
export function moveSample(by: number): void {
  const open = openSample.value;
  const cards = sections.value.find(({ run }) => run === open?.run)?.cards ?? [];
  const at = cards.findIndex(({ sample }) => sample.id === open?.sample);
  const next = cards[at + by];
  if (open && next) openSample.value = { run: open.run, sample: next.sample.id };
}

function LargePicture({ explanation, target }: { explanation: Explanation; target: Target | null }) {
  const { record, frame } = explanation;
  const longest = Math.min(512, Math.max(256, record.height, record.width));
  const range = target && rangeFor(shownMap(target), methodOf(frame.series));
  return (
    <figure class="large">
      <Picture
        explanation={explanation}
        target={target}
        longest={longest}
        shownAt={480}
        note={target ? undefined : "not logged for this class"}
      />
      <figcaption>
        <span>{seriesNames.value(frame.series)}</span>
        {target && (
          <span>{record.classDependent ? className(record.classes, target.classIndex) : "same for every class"}</span>
        )}
        {range && (
          <span>
            range {compact(range.low)} … {compact(range.high)}
          </span>
        )}
        <span>step {frame.step}</span>
        <FlagBadges flags={target?.flags ?? 0} />
      </figcaption>
    </figure>
  );
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
