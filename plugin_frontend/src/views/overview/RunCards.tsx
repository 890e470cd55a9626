/** One run with room to spare: a card for each thing that is known of it. */

import type { RunSeries } from "../../state/overview_series.ts";
import { runColours } from "../../state/runs.ts";
import { useNearness } from "../../widgets/nearness.ts";
import { factsOf, traces } from "./facts.ts";
import { hintFor } from "./hints.ts";
import { LoggedCard } from "./LoggedCard.tsx";
import { DriftCard, FaithfulnessCard } from "./MapCards.tsx";
import { ClassesCard, FiltersCard } from "./ModelCards.tsx";
import { NEAR } from "./near.ts";
import { AccuracyCard, MistakesCard, TurnsCard } from "./PredictionCards.tsx";
import { ProblemsLine } from "./ProblemsLine.tsx";
import { RunActivity } from "./RunActivity.tsx";

export function RunCards({ of }: { of: RunSeries }) {
  const { run, series } = of;
  const element = useNearness<HTMLElement>(run.run, NEAR);
  const facts = factsOf(run.run);
  const several = facts.probes.length > 1;
  const hint = facts.settled ? hintFor(of, facts) : "";
  return (
    <section ref={element} aria-label={`Run ${run.run}`} data-run={run.run}>
      <header class="overview-run-header">
        <span class="run-dot" style={{ background: runColours.value.get(run.run) }} />
        <h2>{run.run}</h2>
        <ProblemsLine run={run} />
        <RunActivity of={of} />
      </header>
      <div class="overview-cards" aria-busy={!facts.settled}>
        <LoggedCard run={run.run} traces={traces.value.get(run.run) ?? []} />
        {!facts.settled && expected(series.map(({ kind }) => kind)).map((name) => <Skeleton key={name} name={name} />)}
        {facts.probes.map((probe) => (
          <AccuracyCard key={probe.name} run={run.run} probe={probe} several={several} />
        ))}
        {facts.probes.map((probe) => (
          <MistakesCard key={probe.name} run={run.run} probe={probe} several={several} />
        ))}
        {facts.probes.map((probe) => (
          <TurnsCard key={probe.name} run={run.run} probe={probe} several={several} />
        ))}
        {facts.faithfulness.length > 0 && <FaithfulnessCard run={run.run} ranked={facts.faithfulness} />}
        {facts.drifts.length > 0 && <DriftCard run={run.run} drifts={facts.drifts} />}
        {facts.layers.length > 0 && <FiltersCard run={run.run} layers={facts.layers} />}
        {facts.classes.map((note) => (
          <ClassesCard key={note.tag} run={run.run} note={note} />
        ))}
      </div>
      {hint && (
        <p class="hint overview-hint" data-testid="overview-hint">
          {hint}
        </p>
      )}
    </section>
  );
}

/** The cards that what was declared lets expect, so that they have their place before they are filled. */
function expected(kinds: readonly string[]): string[] {
  const known = new Set(kinds);
  const samples = kinds.some((kind) => kind !== "CHANNELS" && kind !== "PROJECTION");
  return [
    ...(samples ? ["accuracy", "mistakes", "drifts"] : []),
    ...(known.has("CHANNELS") ? ["filters"] : []),
    ...(known.has("PROJECTION") ? ["classes"] : []),
  ];
}

function Skeleton({ name }: { name: string }) {
  return <div class="overview-card overview-skeleton" data-card={name} aria-hidden="true" />;
}
