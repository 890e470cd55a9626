/** How each method's figures went over the steps: drift and quality of its maps of this image, beside those of maps that know nothing. */
import { useRef } from "preact/hooks";
import { figureLabel, figureText } from "../../data/figures.ts";
import { currentOf } from "../../render/chart/layout.ts";
import { type Extent, extentOf } from "../../render/chart/scale.ts";
import { historyOf } from "../../state/histories.ts";
import { classChoice, type openSample } from "../../state/samples.ts";
import { type Series, seriesKey, seriesNames, seriesOf } from "../../state/series.ts";
import { moveToStep, step, steps } from "../../state/timeline.ts";
import { type Line, LineChart } from "../../widgets/LineChart.tsx";
import { type Explanation, targetOf } from "../explanations/cards.ts";
import { type FigureCourse, figureCourses } from "./course.ts";
import { useSeen } from "./seen.ts";

const HEIGHT = 56;

type Props = { open: NonNullable<typeof openSample.value>; explanations: readonly Explanation[] };

export function FigureCourses({ open, explanations }: Props) {
  const section = useRef<HTMLElement>(null);
  const seen = useSeen(section);
  const told = seen ? toldBy(open, explanations) : [];
  const courses = told.flatMap(({ courses }) => courses ?? []);
  if (seen && told.every(({ courses }) => courses?.length === 0)) return null;
  return (
    <section ref={section} class="page-section" data-testid="figure-courses" aria-label="Figures over steps">
      <h3>
        Figures over steps
        {courses.some(({ steps }) => steps.length > 1) && (
          <span class="hint figure-keys">
            <Key line={LINES.value} />
            {courses.some(({ random }) => random) && <Key line={LINES.random} />}
            {courses.some(({ centred }) => centred) && <Key line={LINES.centred} />}
          </span>
        )}
      </h3>
      <div class="figure-courses">
        {told
          .filter(({ courses }) => courses?.length !== 0)
          .map(({ series, courses }) => (
            <div key={seriesKey(series)} class="series-figures" data-testid="series-figures" data-tag={series.tag}>
              <h4 title={series.description || series.tag}>{seriesNames.value(series)}</h4>
              <div class="figure-charts" aria-busy={courses === undefined}>
                {courses?.map((course) => (
                  <FigureChart
                    key={course.name}
                    course={course}
                    of={seriesNames.value(series)}
                    range={rangeOf(
                      told.flatMap(({ courses }) => courses ?? []),
                      course.name,
                    )}
                  />
                ))}
              </div>
            </div>
          ))}
      </div>
    </section>
  );
}

const LINES: Record<"value" | "random" | "centred", Omit<Line, "values">> = {
  random: { name: "a map of noise", colour: "var(--border-strong)" },
  centred: { name: "a Gaussian in the middle", colour: "var(--border-strong)", look: "dashed" },
  value: { name: "the map", colour: "var(--link)" },
};

function Key({ line: { name, colour, look } }: { line: Omit<Line, "values"> }) {
  return (
    <span class="line-name" data-look={look} style={{ "--line": colour }}>
      {name}
    </span>
  );
}

type Told = { series: Series /** `undefined`: on their way. */; courses: FigureCourse[] | undefined };

/** What each series of the run says; nothing where it cannot be read. */
function toldBy({ run, sample }: Props["open"], explanations: Props["explanations"]): Told[] {
  return seriesOf(run).map((series) => {
    const history = historyOf(series, sample);
    const shown = explanations.find(({ frame }) => seriesKey(frame.series) === seriesKey(series));
    const classDependent = shown?.record.classDependent ?? true;
    const choose = (one: Parameters<typeof targetOf>[0]) => targetOf(one, classDependent, classChoice.value);
    return { series, courses: history ? figureCourses(history.moments, choose) : history === null ? [] : undefined };
  });
}

/** One for all series, so that their charts compare. */
function rangeOf(courses: readonly FigureCourse[], name: string): Extent | undefined {
  const values = courses
    .filter((course) => course.name === name)
    .flatMap(({ values, random, centred }) => [...values, ...(random ?? []), ...(centred ?? [])]);
  return extentOf(values) ?? undefined;
}

function FigureChart({ course, of, range }: { course: FigureCourse; of: string; range: Extent | undefined }) {
  const { name, values, random, centred } = course;
  const at = currentOf(course.steps, step.value);
  const label = figureLabel(name);
  const [first, last] = [steps.value[0], steps.value.at(-1)];
  return (
    <figure class="figure-chart" data-figure={name}>
      <figcaption>
        <span class="figure-chart-name" title={label}>
          {label}
        </span>
        <strong>{figureText(name, values[at])}</strong>
      </figcaption>
      {course.steps.length > 1 && (
        <LineChart
          compact
          label={`${label} of ${of} over steps`}
          steps={course.steps}
          lines={[
            ...(random ? [{ ...LINES.random, values: random }] : []),
            ...(centred ? [{ ...LINES.centred, values: centred }] : []),
            { ...LINES.value, values },
          ]}
          step={step.value}
          range={range}
          span={first === undefined || last === undefined ? undefined : { low: first, high: last }}
          format={(value) => figureText(name, value)}
          height={HEIGHT}
          onStep={moveToStep}
        />
      )}
    </figure>
  );
}
