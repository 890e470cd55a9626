/** Says at which layer a sample turned to the class that the model predicts, and opens its path there. */
import { openSample } from "../../../state/samples.ts";
import { openSeries } from "../../../state/series.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import { type Card, isRight } from "../cards.ts";
import { pathThrough, turnOf } from "./path.ts";

/** `everywhere`: also where the model is right, and settles rather than turns. */
export function TurningBadge({ card, everywhere = false }: { card: Card; everywhere?: boolean }) {
  const wrong = isRight(card.sample) === false;
  const path = pathThrough(card.explanations);
  const turn = turnOf(path);
  const run = path[0]?.explanation.frame.series.run;
  if (!turn || run === undefined || !(wrong || everywhere)) return null;
  const what = wrong ? "turns" : "settles";
  return (
    <button
      type="button"
      class="turning-badge"
      data-testid="turning-badge"
      data-wrong={wrong || undefined}
      title={`From there on all layers follow the predicted class: show the path through the layers`}
      onClick={() => {
        openSeries.value = turn.series;
        openSample.value = { run, sample: card.sample.id };
      }}
    >
      {wrong && <Icon name="turn" />}
      {what} {turn.where}
    </button>
  );
}
