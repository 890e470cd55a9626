/** One sample enlarged: its image at full size, every series that explains it, and the probabilities of its targets. */
import { Timeline } from "../../shell/Timeline.tsx";
import { loading } from "../../state/frame.ts";
import { runs } from "../../state/runs.ts";
import { openPage } from "../../state/sample_page.ts";
import { classChoice, openSample } from "../../state/samples.ts";
import { openSeries, seriesKey, seriesNames } from "../../state/series.ts";
import { Dialog } from "../../widgets/Dialog.tsx";
import { MoveButtons } from "../../widgets/MoveButtons.tsx";
import { type Card, chooseTarget, type Explanation } from "./cards.ts";
import { oneAnAnalysis } from "./clusters/path.ts";
import { TurningBadge } from "./clusters/TurningBadge.tsx";
import { Explored } from "./Explored.tsx";
import { closeSample, moveSample, openCard, openExplanation } from "./opened.ts";
import { Picture } from "./Picture.tsx";
import { PinButton } from "./PinButton.tsx";
import { Verdict } from "./SampleCard.tsx";

export function SampleDialog() {
  const open = openSample.value;
  const card = openCard.value;
  const main = openExplanation.value;
  if (!open) return null;
  return (
    <Dialog
      class="sample-dialog"
      testId="sample-dialog"
      title={titleOf(card)}
      beside={
        <>
          {card && <PinButton id={open.sample} name={card.sample.name} />}
          {card && <TurningBadge card={card} everywhere />}
          <button type="button" class="text-button" data-testid="open-page" onClick={openPage}>
            Open page
          </button>
        </>
      }
      onClose={closeSample}
    >
      {card && main ? (
        <Explored
          explanation={main}
          above={
            <p class="sample-origin">
              {card.sample.name && <span>{card.sample.name}</span>}
              <span>{open.run}</span>
            </p>
          }
        >
          <h3>Explanations</h3>
          <div class="strip">
            {oneAnAnalysis(card.explanations, main).map((explanation) => (
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
        </Explored>
      ) : (
        <p class="notice">{absenceOf(open.run)}</p>
      )}
      <footer class="sample-footer">
        <MoveButtons onMove={moveSample} />
        <Timeline testId="dialog-step-slider" />
      </footer>
    </Dialog>
  );
}

function absenceOf(run: string): string {
  if (loading.value) return "Loading …";
  const there = runs.value?.some((known) => known.run === run) ?? true;
  return there ? "This sample was not logged at this step." : "The run of this sample is not there any more.";
}

function titleOf(card: Card | undefined) {
  const { label, predicted, name } = card?.sample ?? {};
  return card && (label ?? predicted) !== undefined ? <Verdict card={card} /> : name || "Sample";
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
