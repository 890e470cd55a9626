/** Over the plot: what dragging does, nearer and farther, and how much of the points the picture shows. */
import { FALLBACK_LIMIT, type ScatterStats } from "../../render/scatter/types.ts";
import { projectionFrame } from "../../state/projection_frame.ts";
import { type TOOLS, tool } from "../../state/projections.ts";
import { Icon } from "../../widgets/Icon.tsx";
import type { Plot } from "./plot.ts";

export function StageTools({ plot, stats }: { plot: Plot; stats: ScatterStats | null }) {
  const { camera } = plot.scatter;
  const solid = projectionFrame.value?.runs.some(({ points }) => points?.header.dims === 3);
  const tools: [(typeof TOOLS)[number], "lasso" | "rectangle" | "hand" | "rotate", string][] = [
    ["lasso", "lasso", "Lasso  L"],
    ["rectangle", "rectangle", "Rectangle  R"],
    solid ? ["pan", "rotate", "Turn  P"] : ["pan", "hand", "Pan  P"],
  ];
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is a form's */}
      <div class="stage-tools" role="group" aria-label="Tools">
        {tools.map(([name, icon, title]) => (
          <button
            key={name}
            type="button"
            class="icon-button"
            aria-label={title.split("  ")[0]}
            title={title}
            aria-pressed={tool.value === name}
            data-testid={`tool-${name}`}
            onClick={() => {
              tool.value = name;
            }}
          >
            <Icon name={icon} />
          </button>
        ))}
        <span class="stage-divider" />
        <button
          type="button"
          class="icon-button"
          aria-label="Nearer"
          title="Nearer  +"
          onClick={() => camera.zoom(1.5)}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Farther"
          title="Farther  −"
          onClick={() => camera.zoom(1 / 1.5)}
        >
          <Icon name="minus" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="All points"
          title="All points  0"
          data-testid="fit"
          onClick={() => plot.scatter.fit()}
        >
          <Icon name="fit" />
        </button>
      </div>
      {stats && <Drawn stats={stats} />}
    </>
  );
}

function Drawn({ stats: { renderer, drawn, total, settled } }: { stats: ScatterStats }) {
  if (renderer === "canvas")
    return (
      <p class="stage-note" data-testid="fallback">
        This browser has no WebGL 2: the points are drawn slowly
        {total > FALLBACK_LIMIT ? `, ${FALLBACK_LIMIT.toLocaleString("en")} of each run at most` : ""}.
      </p>
    );
  if (settled || drawn >= total || total === 0) return null;
  return <p class="stage-note">{Math.round((100 * drawn) / total)}% of the points while it moves</p>;
}
