/** The samples of the first run that explains some, to choose one from. */
import { EmptyState } from "../../shell/EmptyState.tsx";
import { openSample } from "../../state/samples.ts";
import { shownSeries } from "../../state/series.ts";
import type { Card } from "../explanations/cards.ts";
import { Picture } from "../explanations/Picture.tsx";
import { RunSection } from "../explanations/RunSection.tsx";
import { Verdict } from "../explanations/SampleCard.tsx";
import { SampleChoice } from "../explanations/SampleChoice.tsx";
import { sections } from "../explanations/sections.ts";

const SIDE = 128;

export function Chooser() {
  const explained = new Set(shownSeries.value.map(({ run }) => run));
  const section = sections.value.find(({ run }) => explained.has(run));
  if (!section)
    return (
      <div class="content">
        <EmptyState />
      </div>
    );
  return (
    <>
      <div class="view-toolbar" role="toolbar" aria-label="Which samples are listed">
        <SampleChoice />
      </div>
      <div class="content">
        <p class="chooser-title">Choose an image to follow it through training.</p>
        <RunSection key={section.run} section={section}>
          {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
          <ul class="chooser" role="list" data-testid="chooser">
            {section.page.map((card) => (
              <Choice key={card.sample.id} run={section.run} card={card} />
            ))}
          </ul>
        </RunSection>
      </div>
    </>
  );
}

function Choice({ run, card }: { run: string; card: Card }) {
  const [explanation] = card.explanations;
  const { sample } = card;
  if (!explanation) return null;
  return (
    <li>
      <button
        type="button"
        class="choice"
        data-sample={sample.id}
        title={sample.name || undefined}
        onClick={() => {
          openSample.value = { run, sample: sample.id };
        }}
      >
        <Picture explanation={explanation} target={null} longest={SIDE} shownAt={SIDE} />
        <Verdict card={card} />
      </button>
    </li>
  );
}
