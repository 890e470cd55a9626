/** A sample as a small picture with what the model took it for; a click opens it. */
import { useState } from "preact/hooks";
import { imageAddress } from "../../data/client.ts";
import type { SampleSummary } from "../../data/summaries.ts";
import { className } from "../../state/class_names.ts";
import { outcomeOf } from "../../state/overview.ts";
import { showSample } from "../../state/overview_places.ts";
import { percent } from "../explanations/format.ts";

type Props = { run: string; sample: SampleSummary; classes: string; captioned?: boolean };

export function Thumb({ run, sample, classes, captioned = true }: Props) {
  const predicted = className(classes, sample.predicted);
  const label = className(classes, sample.label);
  const outcome = outcomeOf(sample);
  const sure = percent(sample.probability);
  const said = outcome === "wrong" ? `${predicted} ${sure}, but it is ${label}` : `${predicted} ${sure}`;
  return (
    <button
      type="button"
      class="thumb"
      data-testid="thumb"
      data-sample={sample.id}
      data-outcome={outcome}
      title={[sample.name, said].filter(Boolean).join(": ")}
      aria-label={captioned ? undefined : `Open ${sample.name || "the sample"}: ${said}`}
      onClick={() => showSample(run, sample.id)}
    >
      <Face run={run} image={sample.image} />
      {captioned && (
        <span class="thumb-words">
          <b>
            <span class="thumb-class">{predicted}</span> <span class="thumb-sure">{sure}</span>
          </b>
          {outcome === "wrong" && <span class="thumb-label">is {label}</span>}
        </span>
      )}
    </button>
  );
}

/** Small pictures are enlarged without smoothing. */
const SMALL = 40;

function Face({ run, image }: { run: string; image: string }) {
  const [small, setSmall] = useState(false);
  if (!image) return <span class="thumb-face no-image" aria-hidden="true" />;
  return (
    <img
      class={small ? "thumb-face pixelated" : "thumb-face"}
      src={imageAddress(run, image)}
      alt=""
      decoding="async"
      draggable={false}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        setSmall(Math.max(naturalWidth, naturalHeight) < SMALL)
      }
    />
  );
}
