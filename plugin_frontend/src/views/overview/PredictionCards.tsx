/** What the model made of the samples that are followed: its accuracy, its worst mistakes, what it has learnt and forgotten. */
import type { ComponentChildren } from "preact";
import { leastSure, shareOf } from "../../state/overview.ts";
import { showSamples } from "../../state/overview_places.ts";
import { counted } from "../explanations/format.ts";
import { AccuracyCurve, showStep } from "./AccuracyCurve.tsx";
import { changeOf, curveOf, type ProbeFacts, turnsIn } from "./facts.ts";
import { Card, Line } from "./Line.tsx";
import { Thumb } from "./Thumb.tsx";
import { share } from "./words.ts";

type ProbeProps = {
  run: string;
  probe: ProbeFacts /** Whether there are several in the run. */;
  several: boolean;
};

const titled = (title: string, { probe, several }: ProbeProps) => (several ? `${title} · ${probe.name}` : title);

export function AccuracyCard(props: ProbeProps) {
  const { run, probe } = props;
  const curve = curveOf(probe);
  const { right, of } = probe.score;
  const change = changeOf(curve, probe.said.step);
  return (
    <Card title={titled("Accuracy", props)} name="accuracy">
      <Line
        title="Show all samples, mistakes first"
        testId="accuracy"
        class="accuracy-line"
        onClick={() => showSamples(run, "all", "mistakes")}
      >
        <strong class="figure-large">{share(shareOf(probe.score) ?? 0)}</strong>
        <span>
          {right} of {of} right
          <span class="quiet accuracy-change">{changeText(change)}</span>
        </span>
      </Line>
      <div class="curve-space">
        <AccuracyCurve
          curve={curve}
          label="Share of right predictions over the steps"
          height={CURVE}
          testId="accuracy-curve"
        />
      </div>
    </Card>
  );
}

const CURVE = 124;

function changeText(change: number | undefined): string {
  if (change === undefined) return "";
  const points = Math.round(100 * change);
  if (points === 0) return "as at the step before";
  return `${points > 0 ? "+" : "−"}${Math.abs(points)} points since the step before`;
}

const MISTAKES = 8;

export function MistakesCard(props: ProbeProps) {
  const { run, probe } = props;
  const { mistakes, said } = probe;
  if (mistakes.length === 0) return <LeastSureCard {...props} />;
  const more = { text: counted(mistakes.length, "mistake"), onClick: () => showSamples(run, "wrong", "sure") };
  return (
    <Card title={titled("Most confident mistakes", props)} name="mistakes" more={more}>
      <Strip>
        {mistakes.slice(0, MISTAKES).map((sample) => (
          <Thumb key={sample.id} run={run} sample={sample} classes={said.classes} />
        ))}
      </Strip>
    </Card>
  );
}

/** In place of mistakes, when there are none. */
function LeastSureCard(props: ProbeProps) {
  const { run, probe } = props;
  const unsure = leastSure(probe.said.samples);
  return (
    <Card
      title={titled(unsure.length ? "No mistakes; the least sure" : "No mistakes", props)}
      name="unsure"
      more={{ text: "All", onClick: () => showSamples(run, "all", "unsure") }}
    >
      <Strip>
        {(unsure.length ? unsure : probe.said.samples) // logged without probabilities: some of them
          .slice(0, MISTAKES)
          .map((sample) => (
            <Thumb key={sample.id} run={run} sample={sample} classes={probe.said.classes} />
          ))}
      </Strip>
    </Card>
  );
}

const TURNS = 4;

export function TurnsCard(props: ProbeProps) {
  const { run, probe } = props;
  const turns = turnsIn(probe);
  if (!turns || turns.learnt.length + turns.forgotten.length === 0) return null;
  const groups = [
    { name: "learnt", samples: turns.learnt },
    { name: "forgotten", samples: turns.forgotten },
  ].filter(({ samples }) => samples.length > 0);
  return (
    <Card
      title={titled("Changed", props)}
      name="turns"
      more={{ text: `since step ${turns.since}`, onClick: () => showStep(turns.since) }}
    >
      <div class="turn-groups">
        {groups.map(({ name, samples }) => (
          <div key={name} data-testid={name}>
            <h4>
              {samples.length} {name}
            </h4>
            <Strip>
              {samples.slice(0, TURNS * (3 - groups.length)).map((sample) => (
                <Thumb key={sample.id} run={run} sample={sample} classes={probe.said.classes} />
              ))}
            </Strip>
          </div>
        ))}
      </div>
    </Card>
  );
}

function Strip({ children }: { children: ComponentChildren }) {
  return <div class="thumb-strip">{children}</div>;
}
