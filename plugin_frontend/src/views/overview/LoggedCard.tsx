/** What was logged of a run, and when: a line a method. */
import { useSignal } from "@preact/signals";
import type { Trace } from "../../state/overview_logged.ts";
import { showLogged } from "../../state/overview_places.ts";
import { titleOfLayer } from "../../state/series.ts";
import { counted } from "../explanations/format.ts";
import { now } from "./clock.ts";
import { Card, Line } from "./Line.tsx";
import { Ticks } from "./Ticks.tsx";
import { ago, stepRange } from "./words.ts";

const LISTED = 7;

export function LoggedCard({ run, traces }: { run: string; traces: readonly Trace[] }) {
  const all = useSignal(false);
  const { low, high } = extentOf(traces);
  const shown = all.value || traces.length === LISTED + 1 ? traces : traces.slice(0, LISTED);
  const left = traces.length - shown.length;
  const more = left > 0 || all.value;
  return (
    <Card
      title="Logged"
      name="logged"
      more={
        more
          ? {
              text: left > 0 ? `${left} more` : "Fewer",
              onClick: () => {
                all.value = left > 0;
              },
            }
          : undefined
      }
    >
      <ul>
        {shown.map((trace) => (
          <li key={`${trace.kind}:${trace.method}`}>
            <Line
              title={`Show what ${trace.method} said`}
              testId="trace"
              class="trace"
              onClick={() => showLogged(run, trace.series)}
            >
              <span class="trace-name">
                {trace.method} <span class="quiet">{layersIn(trace)}</span>
              </span>
              <Ticks steps={trace.steps} low={low} high={high} />
              <span class="trace-when">{stepRange(trace.steps)}</span>
              <span class="trace-when">{trace.written > 0 && ago(trace.written, now.value)}</span>
            </Line>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function extentOf(traces: readonly Trace[]): { low: number; high: number } {
  const ends = traces.flatMap(({ steps }) => [steps[0] ?? [], steps.at(-1) ?? []].flat());
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

function layersIn({ layers }: Trace): string {
  const [first] = layers;
  if (first === undefined) return "";
  return layers.length > 3 ? counted(layers.length, "layer") : layers.map(titleOfLayer).join(", ");
}
