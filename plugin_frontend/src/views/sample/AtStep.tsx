/** All explanations of the image at the step, side by side, and the chosen one enlarged below them. */
import { loading } from "../../state/frame.ts";
import { seriesKey } from "../../state/series.ts";
import { step } from "../../state/timeline.ts";
import type { Card, Explanation } from "../explanations/cards.ts";
import { oneAnAnalysis } from "../explanations/clusters/path.ts";
import { Explored } from "../explanations/Explored.tsx";
import { Tile } from "../explanations/Tile.tsx";

export function AtStep({ card, main }: { card: Card | undefined; main: Explanation | undefined }) {
  return (
    <section class="page-section" data-testid="at-step" aria-label="Explanations">
      <h3>Explanations at step {step.value}</h3>
      {card && main ? (
        <>
          <div class="tiles">
            {oneAnAnalysis(card.explanations, main).map((explanation) => (
              <Tile
                key={seriesKey(explanation.frame.series)}
                explanation={explanation}
                current={explanation === main}
              />
            ))}
          </div>
          <div class="explored">
            <Explored key={seriesKey(main.frame.series)} explanation={main} />
          </div>
        </>
      ) : (
        <p class="notice" data-testid="not-at-step">
          {loading.value ? "Loading …" : "This image was not logged at this step."}
        </p>
      )}
    </section>
  );
}
