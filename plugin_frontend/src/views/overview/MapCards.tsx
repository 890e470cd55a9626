/** How maps moved since the step before, and how far they say more than noise does: the worst first. */
import { figureLabel, figureSentence } from "../../data/figures.ts";
import { type Drift, type Faithfulness, worstFirst } from "../../state/overview_maps.ts";
import { showMaps } from "../../state/overview_places.ts";
import { seriesKey, seriesNames } from "../../state/series.ts";
import { Card, Line } from "./Line.tsx";
import { Thumb } from "./Thumb.tsx";
import { decimals } from "./words.ts";

const LISTED = 4;

const MOVED = "low:drift_spearman";

export function DriftCard({ run, drifts }: { run: string; drifts: readonly Drift[] }) {
  return (
    <Card title="Maps that changed most" name="drifts">
      <p class="hint">Rank correlation with the step before, mean over the samples</p>
      <ul>
        {drifts.slice(0, LISTED).map(({ said, likeness, worst }) => (
          <li key={seriesKey(said.series)} class="with-thumb">
            <Line
              title={`Show the maps of ${seriesNames.value(said.series)}, most changed first`}
              testId="drift"
              class="measured"
              onClick={() => showMaps(run, { declared: said.series, order: MOVED })}
            >
              <span class="measured-name">{seriesNames.value(said.series)}</span>
              <Bar value={likeness} />
              <span class="number">{decimals(likeness)}</span>
            </Line>
            <Thumb run={run} sample={worst} classes={said.classes} captioned={false} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function FaithfulnessCard({ run, ranked }: { run: string; ranked: readonly Faithfulness[] }) {
  const [first] = ranked;
  if (!first) return null;
  const { figure, better } = first;
  const sentence = figureSentence({ name: figure, value: 0, random: undefined, centred: undefined, better });
  return (
    <Card title="Least faithful maps" name="faithfulness">
      <p class="hint" title={sentence}>
        {figureLabel(figure)} beside that of noise, the mark
      </p>
      <ul>
        {ranked.slice(0, LISTED).map((one) => {
          const { said, value, random, beaten, of, worst } = one;
          return (
            <li key={seriesKey(said.series)} class="with-thumb">
              <Line
                title={`Show the maps of ${seriesNames.value(said.series)}, worst first: ${beaten} of ${of} no better than noise`}
                testId="unfaithful"
                class="measured"
                onClick={() => showMaps(run, { declared: said.series, order: worstFirst(one) })}
              >
                <span class="measured-name">{seriesNames.value(said.series)}</span>
                <Bar value={value} mark={random} />
                <span class="number">{decimals(value)}</span>
                <span class="number against-noise">
                  {beaten > 0 && <span class="beaten">{`${beaten}/${of} ≤ noise`}</span>}
                </span>
              </Line>
              <Thumb run={run} sample={worst} classes={said.classes} captioned={false} />
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

/** From 0 to 1. */
export function Bar({ value, mark }: { value: number; mark?: number }) {
  const inside = (number: number) => Math.min(1, Math.max(0, number));
  return (
    <span class="overview-bar" aria-hidden="true">
      <span style={{ width: `${100 * inside(value)}%` }} />
      {mark !== undefined && <i style={{ left: `${100 * inside(mark)}%` }} />}
    </span>
  );
}
