/** The chosen explanation at steps from all over the training, side by side. */
import { useEffect, useRef } from "preact/hooks";
import type { SeriesSteps } from "../../data/answers.ts";
import { unionOfSteps } from "../../state/alignment.ts";
import { clearFilm, type Picture as FilmPicture, film, showFilm } from "../../state/film.ts";
import { unreachable } from "../../state/reachability.ts";
import { classChoice } from "../../state/samples.ts";
import { seriesKey, seriesNames } from "../../state/series.ts";
import { stepIndex } from "../../state/steps.ts";
import { moveToStep, step } from "../../state/timeline.ts";
import { chooseTarget, type Explanation } from "../explanations/cards.ts";
import { Picture } from "../explanations/Picture.tsx";
import { useSeen } from "./seen.ts";

const SIDE = 104;

export function Film({ explanation }: { explanation: Explanation }) {
  const { series } = explanation.frame;
  const logged = stepIndex.value.get(series.run)?.get(seriesKey(series));
  // One step is no training.
  return logged && unionOfSteps([logged]).length > 1 ? <Strip explanation={explanation} logged={logged} /> : null;
}

function Strip({ explanation, logged }: { explanation: Explanation; logged: SeriesSteps }) {
  const { series } = explanation.frame;
  const section = useRef<HTMLElement>(null);
  const seen = useSeen(section);
  const { id } = explanation.sample;
  useEffect(
    () => (seen ? showFilm(series, logged, id, step.peek() ?? 0) : undefined),
    [seen, series.run, seriesKey(series), logged.keys.at(-1), id, unreachable.value],
  );
  useEffect(() => clearFilm, []);
  const shown = film.value;
  const current = shown.findLast((picture) => picture.step <= explanation.frame.step)?.step;
  return (
    <section ref={section} class="page-section" data-testid="film" aria-label="Over training">
      <h3>{seriesNames.value(series)} over training</h3>
      <div class="film">
        {shown.map((picture) => (
          <button
            key={picture.step}
            type="button"
            class="film-picture"
            data-step={picture.step}
            aria-current={picture.step === current ? "step" : undefined}
            data-exact={picture.step === explanation.frame.step || undefined}
            onClick={() => moveToStep(picture.step)}
          >
            <FilmImage explanation={explanation} picture={picture} />
            <span class="film-step">step {picture.step}</span>
          </button>
        ))}
      </div>
    </section>
  );
}

function FilmImage({ explanation, picture }: { explanation: Explanation; picture: FilmPicture }) {
  const { shown } = picture;
  const { record } = explanation;
  if (!shown)
    return (
      <span class="picture" style={{ aspectRatio: `${record.width} / ${record.height}` }}>
        {shown === null && <span class="picture-note">not logged</span>}
      </span>
    );
  const then: Explanation = {
    frame: { ...explanation.frame, step: picture.step, wallTime: shown.wallTime, records: [shown.record] },
    record: shown.record,
    sample: shown.sample,
  };
  const target = chooseTarget(then, classChoice.value);
  return (
    <Picture
      explanation={then}
      target={target}
      longest={SIDE}
      shownAt={SIDE}
      readout={false}
      note={target ? undefined : "class not logged"}
    />
  );
}
