/** How probable the logged classes were step by step, where the prediction was wrong, and when the image was learnt and forgotten. */
import { useEffect } from "preact/hooks";
import { categoryColour } from "../../render/categories/colours.ts";
import { unionOfSteps } from "../../state/alignment.ts";
import { className, requestClassNames } from "../../state/class_names.ts";
import { historyOf } from "../../state/histories.ts";
import type { openSample } from "../../state/samples.ts";
import { type Series, seriesKey, seriesOf } from "../../state/series.ts";
import { stepIndex } from "../../state/steps.ts";
import { moveToStep, step } from "../../state/timeline.ts";
import { LineChart } from "../../widgets/LineChart.tsx";
import { percent } from "../explanations/format.ts";
import { courseOf } from "./course.ts";
import { learningOf, learningSentence } from "./learning.ts";

const HEIGHT = 232;
const MOST_LINES = 8;

export function Prediction({ open }: { open: NonNullable<typeof openSample.value> }) {
  const series = tellingSeries(open.run);
  const history = series && historyOf(series, open.sample);
  const course = history && courseOf(history.moments);
  useEffect(() => {
    if (course?.names) requestClassNames(open.run, course.names);
  }, [open.run, course?.names]);
  if (!series || history === null) return <p class="notice">What was predicted cannot be read.</p>;
  if (!course) return <div class="chart-waiting" aria-busy="true" style={{ height: `${HEIGHT}px` }} />;
  if (course.steps.length === 0)
    return <p class="notice">This image is not in {series.tag}, which says most of the predictions.</p>;

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
  const sentence = learningSentence(learning);
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
        {course.classes.length > shown.length && (
          <span class="hint">
            {shown.length} of {course.classes.length} logged classes
          </span>
        )}
      </p>
    </div>
  );
}

/** The series that says most of the predictions: logged at most steps; of several the one that was declared first. */
function tellingSeries(run: string): Series | undefined {
  const index = stepIndex.value.get(run);
  const counted = seriesOf(run).map((series) => {
    const logged = index?.get(seriesKey(series));
    return { series, steps: logged ? unionOfSteps([logged]).length : 0 };
  });
  return counted.toSorted((a, b) => b.steps - a.steps)[0]?.series;
}
