/** Everything about one image, in sections from top to bottom. */
import { useRef } from "preact/hooks";
import { Action, Message } from "../../shell/EmptyState.tsx";
import { frame } from "../../state/frame.ts";
import { runs, selectRun, shownRuns } from "../../state/runs.ts";
import type { openSample } from "../../state/samples.ts";
import { seriesOf } from "../../state/series.ts";
import { steps } from "../../state/timeline.ts";
import type { Explanation } from "../explanations/cards.ts";
import { closeSample, openCard, openExplanation } from "../explanations/opened.ts";
import { AtStep } from "./AtStep.tsx";
import { Facts } from "./Facts.tsx";
import { FigureCourses } from "./FigureCourses.tsx";
import { Film } from "./Film.tsx";
import { Neighbours } from "./Neighbours.tsx";
import { PageBar } from "./PageBar.tsx";
import { Prediction } from "./Prediction.tsx";

type Open = NonNullable<typeof openSample.value>;

export function SamplePage({ open }: { open: Open }) {
  const card = openCard.value;
  const main = openExplanation.value;
  const last = useRef<Explanation | undefined>(undefined);
  if (main || last.current?.sample.id !== open.sample || last.current.frame.series.run !== open.run)
    last.current = main;
  const problem = problemOf(open.run);
  return (
    <>
      <PageBar open={open} />
      <div class="content sample-page" data-testid="sample-page" data-sample={open.sample} data-run={open.run}>
        {problem ?? (
          <>
            <section class="sample-top" aria-label="Prediction">
              <Facts open={open} card={card} />
              <Prediction open={open} card={card} />
            </section>
            <AtStep card={card} main={main} />
            {last.current && <Film explanation={last.current} />}
            <FigureCourses open={open} explanations={card?.explanations ?? []} />
            <Neighbours open={open} />
          </>
        )}
      </div>
    </>
  );
}

/** Why nothing can be shown of the run. */
function problemOf(run: string) {
  if (runs.value === null)
    return (
      <p class="waiting" role="status">
        Looking for explanations …
      </p>
    );
  if (!runs.value.some((known) => known.run === run))
    return (
      <Message title="The run of this sample is not there">
        <p>{run} was deleted or renamed, or TensorBoard reads another directory.</p>
        <Action text="Choose another sample" onClick={closeSample} />
      </Message>
    );
  if (!shownRuns.value.some((shown) => shown.run === run))
    return (
      <Message title="The run of this sample is not selected">
        <Action text={`Show ${run}`} onClick={() => selectRun(run, true)} />
        <Action text="Choose another sample" onClick={closeSample} />
      </Message>
    );
  if (seriesOf(run).length === 0 || (steps.value.length === 0 && frame.value !== null))
    return <Message title="Nothing was explained in this run" />;
  return null;
}
