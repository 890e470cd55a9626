/** The images that raise a channel, each with what it reached on the way. */

import { DEAD, STOPPED } from "../../data/channels.ts";
import type { Column } from "../../data/columns.ts";
import type { Picture } from "../../state/channel_numbers.ts";
import { lookAt } from "../../state/columns.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { step } from "../../state/timeline.ts";
import { SheetTile } from "../../widgets/SheetTile.tsx";
import { compact } from "../explanations/format.ts";
import { useKept } from "./kept.ts";
import { Trace } from "./Trace.tsx";

const SIDE = 176;

export function Maximisers({ half, channel }: { half: PaneFrame; channel: number }) {
  const pictures = half.numbers.pictures[channel] ?? [];
  if (half.layer.maximised.length === 0) return null;
  return (
    <>
      <h4>What raises it</h4>
      {pictures.length === 0 && <p class="hint">No image was made for this channel.</p>}
      {pictures.map((picture) => (
        <Maximiser key={`${picture.part.value.recipe} ${picture.index}`} run={half.pane.run} picture={picture} />
      ))}
    </>
  );
}

function Maximiser({ run, picture: { part, index } }: { run: string; picture: Picture }) {
  const { recipe, objectives, pictures, traces, states } = part.value;
  const state = useKept(lookAt(run, states), run)?.[index];
  return (
    <figure class="maximiser" data-testid="maximiser">
      {pictures && (
        <span class="maximised-picture">
          <SheetTile run={run} sheets={pictures} index={index} label={`Raises ${objectives[index]}`} side={SIDE} />
        </span>
      )}
      <figcaption>
        <p>
          <strong>{objectives[index]}</strong>
        </p>
        <p class="hint">{[recipe, part.step !== step.value && `step ${part.step}`].filter(Boolean).join(" · ")}</p>
        {state === DEAD && <p class="wrong">Dead: nothing that was shown to it moved it.</p>}
        {state === STOPPED && <p class="wrong">Stopped at a value that is not finite.</p>}
        {traces && <TraceOf run={run} traces={traces} index={index} />}
      </figcaption>
    </figure>
  );
}

function TraceOf({ run, traces, index }: { run: string; traces: Column; index: number }) {
  const all = useKept(lookAt(run, traces), `${run} ${traces.shape}`);
  if (!all) return all === null ? <p class="notice">The trace cannot be read.</p> : null;
  const length = traces.shape[1] as number;
  const values = Array.from((all as Float32Array).subarray(index * length, (index + 1) * length));
  const last = values.findLastIndex((value) => Number.isFinite(value));
  if (last < 0) return null;
  const reached = values.slice(0, last + 1);
  return (
    <Trace
      values={reached}
      label={`From ${compact(reached[0] as number)} to ${compact(reached[last] as number)} in ${last} steps`}
    />
  );
}
