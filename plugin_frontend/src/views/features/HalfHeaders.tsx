/** What each half shows: run and layer, which can be exchanged, its size and measures, and what cannot be shown of it. */

import { featureFrame, type Loaded, type PaneFrame } from "../../state/feature_frame.ts";
import * as features from "../../state/features.ts";
import { runColours, shownRuns } from "../../state/runs.ts";
import { titleOfLayer } from "../../state/series.ts";
import { step } from "../../state/timeline.ts";
import { SheetTile } from "../../widgets/SheetTile.tsx";
import { StepBadge } from "../../widgets/StepBadge.tsx";
import { compact, percent } from "../explanations/format.ts";

export function HalfHeaders() {
  const { panes = [] } = featureFrame.value ?? {};
  return (
    <div class="half-headers" data-many={panes.length}>
      {panes.map((loaded, i) => (
        <HalfHeader key={i} loaded={loaded} beside={i > 0} />
      ))}
    </div>
  );
}

function HalfHeader({ loaded: { pane, found, problem }, beside }: { loaded: Loaded; beside: boolean }) {
  const runs = features.runsWith(pane.layer);
  const layer = found?.layer;
  const dead = layer?.measures.get("dead")?.value.value;
  const grid = layer?.maps?.value.grid;
  const mapStep = layer?.maps?.step;
  return (
    <header class="half-header" data-testid="half" data-run={pane.run} data-layer={pane.layer}>
      <p class="half-title">
        {(shownRuns.value.length > 1 || beside) && (
          <>
            <span class="run-dot" style={{ background: runColours.value.get(pane.run) }} />
            {runs.length > 2 || (runs.length > 1 && !features.besidePane.value) ? (
              <select
                aria-label={beside ? "Run at the right" : "Run"}
                data-testid={beside ? "beside-run" : "main-run"}
                value={pane.run}
                onChange={({ currentTarget: { value } }) => {
                  if (beside) features.besideChoice.value = { run: value, layer: chosenLayer() };
                  else features.runChoice.value = value;
                }}
              >
                {runs.map((run) => (
                  <option key={run} value={run} selected={run === pane.run}>
                    {run}
                  </option>
                ))}
              </select>
            ) : (
              <span class="run-name">{pane.run}</span>
            )}
          </>
        )}
        <strong>{titleOfLayer(pane.layer)}</strong>
        {mapStep !== undefined && featureFrame.value?.step === step.value && <StepBadge at={mapStep} />}
      </p>
      {layer && (
        <p class="layer-facts">
          <span>
            <strong>{layer.count}</strong> channel{layer.count === 1 ? "" : "s"}
          </span>
          {grid && (
            <span>
              <strong>{grid.join(" × ")}</strong> positions
            </span>
          )}
          {dead !== undefined && (
            <span>
              <strong>{percent(dead)}</strong> dead
            </span>
          )}
          {[...layer.measures.values()]
            .filter(({ value }) => value.name !== "dead")
            .map(({ value }) => (
              <span key={value.name}>
                {value.name} <strong>{compact(value.value)}</strong>
              </span>
            ))}
          {layer.templateSlope > 0 && (
            <span title={`Filters of this layer are masked by templates of slope ${compact(layer.templateSlope)}`}>
              <strong>interpretable</strong>
            </span>
          )}
        </p>
      )}
      {(found?.problems ?? [problem]).map((sentence) => (
        <p key={sentence} class="notice" role="status" data-testid="problem">
          {sentence}
        </p>
      ))}
      {found && found.numbers.others.length > 0 && <Others half={found} />}
      {layer?.notes.map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
    </header>
  );
}

/** What raises something that is no channel of the layer. */
function Others({ half: { numbers, pane } }: { half: PaneFrame }) {
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari
    <ul class="other-pictures" role="list" aria-label="Other images that raise something here">
      {numbers.others.map(({ part, index }) => {
        const { objectives, pictures, recipe } = part.value;
        const name = objectives[index] ?? "";
        return (
          <li key={`${recipe} ${index}`} data-testid="other-picture" title={[name, recipe].filter(Boolean).join(" · ")}>
            {pictures && (
              <SheetTile run={pane.run} sheets={pictures} index={index} label={`Raises ${name}`} side={64} />
            )}
            <span>{name}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** The layer that was chosen for the right half; `null`: that of the left one. */
function chosenLayer(): string | null {
  const choice = features.besideChoice.value;
  return choice && choice !== "none" ? choice.layer : null;
}
