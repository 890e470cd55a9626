/** One series' explanation of a sample: image, overlay, and what there is to know about it. */
import { useSignal } from "@preact/signals";
import type { ExplainedRecord, Target } from "../../data/explained.ts";
import { className } from "../../state/class_names.ts";
import { placedOn, way } from "../../state/clusters.ts";
import { classChoice, openSample, tileSize } from "../../state/samples.ts";
import { openSeries, seriesKey, seriesNames } from "../../state/series.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { StepBadge } from "../../widgets/StepBadge.tsx";
import { voteOf } from "../clusters/reading.ts";
import { chooseTarget, type Explanation } from "./cards.ts";
import { FigureLines } from "./Figures.tsx";
import { FlagBadges } from "./Flags.tsx";
import { percent } from "./format.ts";
import { Picture } from "./Picture.tsx";
import { shownFigures } from "./sections.ts";

/** Enough for thumbnails of every size; more pixels cost time and show nothing. */
const LONGEST = 128;

/** `current`: among others, the one that is shown enlarged. */
export function Tile({ explanation, current }: { explanation: Explanation; current?: boolean }) {
  const { frame, sample, record } = explanation;
  const { run, tag, kind } = frame.series;
  const peeking = useSignal(false);
  const target = chooseTarget(explanation, classChoice.value);
  const name = seriesNames.value(frame.series);
  const peek = (on: boolean) => () => {
    peeking.value = on;
  };

  return (
    <figure
      class="tile"
      data-testid="tile"
      data-run={run}
      data-tag={tag}
      data-kind={kind}
      data-step={frame.step}
      data-sample={sample.id}
      data-peek={peeking.value || undefined}
    >
      <div class="tile-picture">
        <button
          type="button"
          class="tile-open"
          aria-pressed={current}
          aria-label={`Enlarge ${name}, ${sample.name || className(record.classes, sample.label)}`}
          onClick={() => {
            openSeries.value = seriesKey(frame.series);
            openSample.value = { run, sample: sample.id };
          }}
        >
          <Picture
            explanation={explanation}
            target={target}
            longest={LONGEST}
            shownAt={tileSize.value}
            note={target ? undefined : "not logged for this class"}
          />
        </button>
        <TileBadges explanation={explanation} flags={target?.flags ?? 0} />
        {target && (
          <button
            type="button"
            class="peek-button"
            aria-label="Hold to see the bare image"
            title="Hold to see the bare image (O for all)"
            onPointerDown={peek(true)}
            onPointerUp={peek(false)}
            onPointerLeave={peek(false)}
            onKeyDown={(event) => event.key === "Enter" && peek(true)()}
            onKeyUp={peek(false)}
            onBlur={peek(false)}
          >
            <Icon name="eye" />
          </button>
        )}
      </div>
      <figcaption title={frame.series.description || tag}>
        <span class="tile-name">{name}</span>
        <span class="tile-target">
          <span class="class-name">{!target ? "—" : aboutClass(target, record)}</span>
          {target && record.classDependent && <span class="probability">{percent(target.probability)}</span>}
        </span>
      </figcaption>
      {target && <FigureLines figures={target.figures} names={shownFigures.value} />}
    </figure>
  );
}

/** The class that is explained. Clusters have none, but speak for one. */
function aboutClass({ classIndex, detail }: Target, { classDependent, classes }: ExplainedRecord): string {
  if (classDependent) return className(classes, classIndex);
  const vote = detail.kind === "CLUSTERS" ? voteOf(placedOn(detail, way.value) ?? detail.forward) : null;
  return vote ? `speaks for ${className(classes, vote.classIndex)}` : "same for every class";
}

function TileBadges({ explanation: { frame }, flags }: { explanation: Explanation; flags: number }) {
  return (
    <span class="badges">
      <StepBadge at={frame.step} />
      <FlagBadges flags={flags} />
    </span>
  );
}
