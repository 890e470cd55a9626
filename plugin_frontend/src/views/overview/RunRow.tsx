/** One run among many: a line of fixed height, each part of which leads to its place. */
import type { ComponentChildren } from "preact";
import { className } from "../../state/class_names.ts";
import { shareOf } from "../../state/overview.ts";
import { worstFirst } from "../../state/overview_maps.ts";
import { showClasses, showLayer, showLogged, showMaps, showRun, showSamples } from "../../state/overview_places.ts";
import type { RunSeries } from "../../state/overview_series.ts";
import { runColours } from "../../state/runs.ts";
import { seriesNames, titleOfLayer } from "../../state/series.ts";
import { useNearness } from "../../widgets/nearness.ts";
import { AccuracyCurve } from "./AccuracyCurve.tsx";
import { curveOf, type Facts, factsOf, traces } from "./facts.ts";
import { Line } from "./Line.tsx";
import { extentOf } from "./LoggedCard.tsx";
import { NEAR } from "./near.ts";
import { ProblemsLine } from "./ProblemsLine.tsx";
import { RunActivity } from "./RunActivity.tsx";
import type { Column } from "./RunTable.tsx";
import { Thumb } from "./Thumb.tsx";
import { Ticks } from "./Ticks.tsx";
import { decimals, share, stepRange } from "./words.ts";

export function RunRow({ of, has }: { of: RunSeries; has: ReadonlySet<Column> }) {
  const { run, series } = of;
  const element = useNearness<HTMLTableRowElement>(run.run, NEAR);
  const facts = factsOf(run.run);
  const props = { run: run.run, facts };
  return (
    <tr ref={element} class="overview-row" data-run={run.run} aria-busy={!facts.settled}>
      <th scope="row">
        <Line title="Show this run alone" testId="run-alone" onClick={() => showRun(run.run)}>
          <span class="run-dot" style={{ background: runColours.value.get(run.run) }} />
          <span class="run-name" title={run.run}>
            {run.run}
          </span>
        </Line>
        <RunActivity of={of} brief />
      </th>
      <td class="logged-cell">
        <Logged run={run.run} />
        <span class="cell-line">
          {`${series.length} series`} <ProblemsLine run={run} brief />
        </span>
      </td>
      {has.has("predictions") && <Accuracy {...props} />}
      {has.has("predictions") && <Mistakes {...props} />}
      {has.has("maps") && <Maps {...props} />}
      {has.has("filters") && <Filters {...props} />}
      {has.has("classes") && <Classes {...props} />}
    </tr>
  );
}

type Props = { run: string; facts: Facts };

function Logged({ run }: { run: string }) {
  const logged = traces.value.get(run) ?? [];
  const steps = [...new Set(logged.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
  const { low, high } = extentOf([...traces.value.values()].flat());
  return (
    <Line title="Show what was logged" testId="trace" onClick={() => showLogged(run, logged[0]?.series ?? [])}>
      <Ticks steps={steps} low={low} high={high} />
      <span class="cell-line">{stepRange(steps)}</span>
    </Line>
  );
}

const CURVE = 32;

function Accuracy({ run, facts }: Props) {
  const [probe] = facts.probes;
  return (
    <td>
      {probe && (
        <div class="accuracy-pair">
          <Line
            title="Show all samples, mistakes first"
            testId="accuracy"
            onClick={() => showSamples(run, "all", "mistakes")}
          >
            <strong>{share(shareOf(probe.score) ?? 0)}</strong>
            <span class="cell-line">
              {probe.score.right} of {probe.score.of}
            </span>
          </Line>
          <AccuracyCurve
            curve={curveOf(probe)}
            label={`Share of right predictions of ${run} over the steps`}
            height={CURVE}
          />
        </div>
      )}
    </td>
  );
}

const MISTAKES = 4;

function Mistakes({ run, facts }: Props) {
  const [probe] = facts.probes;
  return (
    <td>
      {probe && (
        <div class="thumb-row">
          {probe.mistakes.slice(0, MISTAKES).map((sample) => (
            <Thumb key={sample.id} run={run} sample={sample} classes={probe.said.classes} captioned={false} />
          ))}
          {probe.mistakes.length === 0 && <span class="cell-line">none</span>}
          {probe.mistakes.length > MISTAKES && (
            <button type="button" class="text-button" onClick={() => showSamples(run, "wrong", "sure")}>
              +{probe.mistakes.length - MISTAKES}
            </button>
          )}
        </div>
      )}
    </td>
  );
}

function Maps({ run, facts }: Props) {
  const [drift] = facts.drifts;
  const [least] = facts.faithfulness;
  return (
    <td>
      {least && (
        <Cell
          title={`The least faithful of its maps: ${least.beaten} of ${least.of} no better than noise`}
          testId="unfaithful"
          onClick={() => showMaps(run, { declared: least.said.series, order: worstFirst(least) })}
          number={`${decimals(least.value)} / ${decimals(least.random)}`}
        >
          {seriesNames.value(least.said.series)}
        </Cell>
      )}
      {drift && (
        <Cell
          title="The maps that changed most since the step before, and their rank correlation with those"
          testId="drift"
          onClick={() => showMaps(run, { declared: drift.said.series, order: "low:drift_spearman" })}
          number={`ρ ${decimals(drift.likeness)}`}
        >
          {seriesNames.value(drift.said.series)}
        </Cell>
      )}
    </td>
  );
}

function Filters({ run, facts }: Props) {
  const worst = facts.layers.toSorted((a, b) => (b.dead ?? 0) / b.count - (a.dead ?? 0) / a.count)[0];
  const dead = facts.layers.reduce((sum, layer) => sum + (layer.dead ?? 0), 0);
  return (
    <td>
      {worst && (
        <Cell
          title={dead ? `${dead} filters are dead, most of them in ${titleOfLayer(worst.layer)}` : "No filter is dead"}
          testId="filters"
          onClick={() => showLayer(run, worst.layer, dead ? "dead" : "all")}
          number={dead ? `${dead} dead` : ""}
        >
          {dead ? titleOfLayer(worst.layer) : "0 dead"}
        </Cell>
      )}
    </td>
  );
}

function Classes({ run, facts }: Props) {
  const [note] = facts.classes;
  const [pair] = note?.pairs ?? [];
  return (
    <td>
      {note && pair && (
        <Cell
          title="Show these two classes alone in the projection"
          testId="confusable"
          onClick={() => showClasses(run, note.tag, pair)}
          number={pair.confusions ? String(pair.confusions) : ""}
        >
          {className(note.classes, pair.first)}, {className(note.classes, pair.second)}
        </Cell>
      )}
    </td>
  );
}

type CellProps = { title: string; testId: string; number: string; onClick: () => void; children: ComponentChildren };

function Cell({ title, testId, number, onClick, children }: CellProps) {
  return (
    <Line title={title} testId={testId} class="cell-button" onClick={onClick}>
      <span class="cell-name">{children}</span>
      <span class="number">{number}</span>
    </Line>
  );
}
