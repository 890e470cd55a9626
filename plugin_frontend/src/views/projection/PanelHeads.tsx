/** The names of the runs above their panels, and why a panel has no points. */
import { runColours } from "../../state/runs.ts";
import { StepBadge } from "../../widgets/StepBadge.tsx";
import type { Plot } from "./plot.ts";

export function PanelHeads({ plot }: { plot: Plot }) {
  const several = plot.shown.length > 1;
  return (
    <>
      {plot.shown.map(({ loaded: { series, step: at, problem }, panel: { place } }) => (
        <div
          key={series.run}
          class="panel-head"
          data-testid="panel"
          data-run={series.run}
          data-step={at}
          data-several={several || undefined}
          style={{
            left: `${place.x}px`,
            top: `${several ? place.y - 26 : place.y}px`,
            width: `${place.width}px`,
            height: `${several ? place.height + 26 : place.height}px`,
          }}
        >
          <p>
            {several && (
              <>
                <span class="run-dot" style={{ background: runColours.value.get(series.run) }} />
                <span class="run-name">{series.run}</span>
              </>
            )}
            {!problem && <StepBadge at={at} />}
          </p>
          {problem && (
            <p class="panel-problem" role="alert" data-testid="panel-problem">
              {series.tag} at step {at} cannot be shown. {problem}
            </p>
          )}
        </div>
      ))}
    </>
  );
}
