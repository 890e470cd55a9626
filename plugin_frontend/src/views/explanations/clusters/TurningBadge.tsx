/** Says at which layer a sample turned to the class that the model predicts, and opens its path there. */
import { openSample } from "../../../state/samples.ts";
import { openSeries, seriesOf } from "../../../state/series.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import { type Card, isRight } from "../cards.ts";
import { analysisOf, pathThrough, turnOf } from "./path.ts";

/** `everywhere`: also where the model is right, and settles rather than turns. */
export function TurningBadge({ card, everywhere = false }: { card: Card; everywhere?: boolean }) {
  const wrong = isRight(card.sample) === false;
  const path = pathThrough(card.explanations);
  const series = path[0]?.explanation.frame.series;
  if (!series || !(wrong || everywhere)) return null;
  const { run } = series;
  const layers = seriesOf(run).filter(
    (other) => other.kind === "CLUSTERS" && analysisOf(other) === analysisOf(series),
  ).length;
  const turn = turnOf(path, layers);
  if (!turn) return null;
  const what = wrong ? "turns" : "settles";
  return (
    <button
      type="button"
      class="turning-badge"
      data-testid="turning-badge"
      data-wrong={wrong || undefined}
      title={`${wrong ? "Turns" : "Settles"} ${turn.where}: show the path through the layers`}
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
