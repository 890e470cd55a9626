/** How probable the logged classes were step by step, where the prediction was wrong, and when the image was learnt and forgotten. */
import { useEffect } from "preact/hooks";
import { categoryColour } from "../../render/categories/colours.ts";
import { unionOfSteps } from "../../state/alignment.ts";
import type { Lookup } from "../../state/blobs.ts";
import { className, requestClassNames } from "../../state/class_names.ts";
import { type History, historyOf } from "../../state/histories.ts";
import type { openSample } from "../../state/samples.ts";
import { seriesKey, seriesOf } from "../../state/series.ts";
import { stepIndex } from "../../state/steps.ts";
import { moveToStep, step } from "../../state/timeline.ts";
import { LineChart } from "../../widgets/LineChart.tsx";
import type { Card } from "../explanations/cards.ts";
import { percent } from "../explanations/format.ts";
import { courseOf } from "./course.ts";
import { learningOf, learningSentence } from "./learning.ts";

const HEIGHT = 232;
const MOST_LINES = 8;

type Open = NonNullable<typeof openSample.value>;

export function Prediction({ open, card }: { open: Open; card: Card | undefined }) {
  const history = toldOf(open, new Set(card?.explanations.map(({ frame }) => seriesKey(frame.series))));
  const course = history && courseOf(history.moments);
  useEffect(() => {
    if (course?.names) requestClassNames(open.run, course.names);
  }, [open.run, course?.names]);
  if (history === null) return <p class="notice">What was predicted of this image cannot be read.</p>;
  if (!course) return <div class="chart-waiting" aria-busy="true" style={{ height: `${HEIGHT}px` }} />;

  const shown = course.classes.slice(0, MOST_LINES);
  const twice = new Set<string>();
  const lines = shown.map(({ classIndex, values }) => {
    const plain = className(course.names, classIndex);
    const name = twice.has(plain) ? `${plain} (class ${classIndex})` : plain;
    twice.add(plain);
    const isTrue = classIndex === course.label;
    return {
      name: isTrue ? `${name} (true)` : name,
      values,
      colour: categoryColour(classIndex),
      ...(isTrue ? { look: "strong" as const } : {}),
    };
  });
  const learning = learningOf(course.steps, course.right);
  const sentence = learningSentence(learning, history.chosen < history.steps ? "shown" : "logged");
  const predictedAt = new Map(course.steps.map((step, at) => [step, course.predicted[at]]));
  const marks = learning.wrong.map((step) => ({
    step,
    name: `wrong: ${className(course.names, predictedAt.get(step))}`,
  }));
  return (
    <div class="prediction" data-testid="prediction">
      <h3>Prediction over {course.steps.length === 1 ? "one step" : `${course.steps.length} steps`}</h3>
      {lines.length > 0 ? (
        <LineChart
          label="Probability of the logged classes over steps"
          steps={course.steps}
          lines={lines}
          step={step.value}
          range={{ low: 0, high: 1 }}
          format={percent}
          height={HEIGHT}
          marks={marks}
          onStep={moveToStep}
          testId="prediction-chart"
        />
      ) : (
        <p class="notice">No probabilities were logged.</p>
      )}
      <p
        class="learning"
        data-testid="learning"
        title="Forgotten: right at one logged step and wrong at the next (Toneva et al. 2019). What happens between logged steps is not seen."
      >
        {sentence ?? "No true label or no prediction was logged: nobody can say when it was learnt."}
        {marks.length > 0 && (
          <span class="hint">
            <span class="line-mark" aria-hidden="true">
              ×
            </span>{" "}
            marks the steps at which it was wrong
          </span>
        )}
        {history.chosen < history.steps && (
          <span class="hint">
            {history.chosen} of {history.steps} logged steps are shown
          </span>
        )}
        {course.classes.length > shown.length && (
          <span class="hint">
            {shown.length} of {course.classes.length} logged classes
          </span>
        )}
      </p>
    </div>
  );
}

/**
 * What the series says that was logged at most steps among those that tell of the image: of a run's several probes one has it.
 * `undefined`: on its way; `null`: none does. `likely`: series of which it is known, by `seriesKey`.
 */
function toldOf({ run, sample }: Open, likely: ReadonlySet<string>): Lookup<History> {
  const index = stepIndex.value.get(run);
  const counted = seriesOf(run).map((series) => {
    const logged = index?.get(seriesKey(series));
    return { series, likely: Number(likely.has(seriesKey(series))), steps: logged ? unionOfSteps([logged]).length : 0 };
  });
  for (const { series } of counted.sort((a, b) => b.likely - a.likely || b.steps - a.steps)) {
    const history = historyOf(series, sample);
    if (history === undefined || history?.moments.length) return history;
  }
  return null;
}
