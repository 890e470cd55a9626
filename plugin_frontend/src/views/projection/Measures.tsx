/** How far the picture can be trusted, and how well the features keep the classes apart. */

import { figureText } from "../../data/figures.ts";
import { Better } from "../../records/messages.ts";
import type { Points } from "../../state/projection_frame.ts";

const DESCRIPTIONS: readonly [name: string, label: string, sentence: string][] = [
  [
    "trustworthiness",
    "Trustworthiness",
    "How many of the neighbours that a point has in the picture it has in the features, too: 1, all of them; about 0.5, by chance.",
  ],
  [
    "silhouette",
    "Silhouette",
    "How much nearer a row's features are to its own class than to the next one, by cosine: 1 well apart, 0 touching, below 0 mixed up.",
  ],
  [
    "knn_purity",
    "Purity in features",
    "Share of a row's nearest neighbours in the features that are of its own class.",
  ],
  [
    "knn_purity_2d",
    "Purity in the picture",
    "Share of a row's nearest neighbours in the picture that are of its own class.",
  ],
  [
    "displacement",
    "Displacement",
    "How far points have moved since the step logged before, on average, in standard deviations of the layout.",
  ],
  [
    "landmark_error",
    "Landmark error",
    "How far the rows that were placed afterwards lie from where a fit to all of them would put them.",
  ],
];

const RANKS = new Map(DESCRIPTIONS.map(([name], rank) => [name, rank]));

export function Measures({ points: { header } }: { points: Points }) {
  const { measures, classDistances } = header;
  const rank = (name: string) => RANKS.get(name) ?? RANKS.size;
  const agreement = classDistances?.agreement;
  if (measures.length === 0 && agreement === undefined)
    return <p class="hint">No measures were logged with this projection.</p>;
  return (
    <dl class="measures" data-testid="measures">
      {[...measures]
        .sort((a, b) => rank(a.name) - rank(b.name))
        .map(({ name, value, better }) => {
          const [, label, sentence] = DESCRIPTIONS[rank(name)] ?? [name, name, ""];
          return (
            <div key={name} data-measure={name}>
              <dt>{label}</dt>
              <dd>{figureText(name, value)}</dd>
              {value >= 0 && value <= 1 && better === Better.HIGHER && (
                <dd class="measure-bar" style={{ "--share": value }} aria-hidden="true" />
              )}
              {sentence && <dd class="hint">{sentence}</dd>}
            </div>
          );
        })}
      {agreement !== undefined && (
        <div data-measure="agreement">
          <dt>Distances foretell confusions</dt>
          <dd>{figureText("agreement", agreement)}</dd>
          <dd class="hint">
            Rank correlation, over pairs of classes, of how near two are and how often they are confused: 1, the nearest
            are the most confused.
          </dd>
        </div>
      )}
    </dl>
  );
}
