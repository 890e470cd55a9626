/** The image itself, and what was said of it at the step. */

import { imageAddress } from "../../data/client.ts";
import { className } from "../../state/class_names.ts";
import type { openSample } from "../../state/samples.ts";
import { step } from "../../state/timeline.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { RightMark } from "../../widgets/RightMark.tsx";
import { type Card, type Explanation, isRight } from "../explanations/cards.ts";
import { TurningBadge } from "../explanations/clusters/TurningBadge.tsx";
import { percent } from "../explanations/format.ts";
import { Picture } from "../explanations/Picture.tsx";

const SIDE = 220;

type Props = { open: NonNullable<typeof openSample.value>; card: Card | undefined };

export function Facts({ open, card }: Props) {
  const explanation = nearest(card);
  const { sample, record, frame } = explanation ?? {};
  const right = sample && isRight(sample);
  return (
    <div class="sample-facts" data-testid="sample-facts">
      <div class="sample-image">
        {explanation ? (
          <Picture explanation={explanation} target={null} longest={SIDE} shownAt={SIDE} />
        ) : (
          !open.sample.startsWith("#") && <img src={imageAddress(open.run, open.sample)} alt="explained sample" />
        )}
      </div>
      {sample && record && card && (
        <>
          {sample.name && (
            <h2 class="sample-name" title={sample.name}>
              {sample.name}
            </h2>
          )}
          <dl class="sample-labels">
            <dt>True label</dt>
            <dd class="sample-class">
              {sample.label === undefined ? (
                "none logged"
              ) : (
                <>
                  <ClassDot index={sample.label} />
                  {className(record.classes, sample.label)}
                </>
              )}
            </dd>
            <dt>Predicted{frame && frame.step !== step.value && ` at step ${frame.step}`}</dt>
            <dd class="sample-class">
              <RightMark right={right} />
              {sample.predicted !== undefined && <ClassDot index={sample.predicted} />}
              {sample.predicted === undefined ? "not logged" : className(record.classes, sample.predicted)}
              <span class="probability">{percent(sample.probability)}</span>
            </dd>
          </dl>
          <TurningBadge card={card} everywhere />
        </>
      )}
    </div>
  );
}

/** What was logged nearest to the step: series may have been logged at other steps than it. */
function nearest(card: Card | undefined): Explanation | undefined {
  const away = ({ frame }: Explanation) => Math.abs(frame.step - (step.value ?? 0));
  return card?.explanations.toSorted((a, b) => away(a) - away(b))[0];
}
