/** Both sides in one line: how accurate each is on the common samples, whose prediction changed, and how alike the maps are. */

import { Paging } from "../../widgets/Paging.tsx";
import { percent } from "../explanations/format.ts";
import { similarityText } from "./LikenessText.tsx";
import { measuring } from "./likeness.ts";
import { currentPage, pageCount, similarityByMethod, tally, turnPage } from "./shown.ts";

export function Summary() {
  return (
    <div class="compare-summary">
      <Figures />
      <Paging page={currentPage.value} count={pageCount.value} onTurn={turnPage} />
    </div>
  );
}

function Figures() {
  const { samples, judged, rightA, rightB, changed, fixed, broken } = tally.value;
  if (samples === 0) return null;
  const known = similarityByMethod.value.filter(([, similarity]) => similarity !== undefined);
  return (
    <dl data-testid="compare-summary">
      <div>
        <dt>Samples in both</dt>
        <dd>{samples.toLocaleString("en")}</dd>
      </div>
      {judged > 0 && (
        <div>
          <dt>Accuracy on them</dt>
          <dd title={`${rightA} and ${rightB} of ${judged} samples with a label`}>
            {percent(rightA / judged)} → {percent(rightB / judged)}
          </dd>
        </div>
      )}
      <div>
        <dt>Predictions changed</dt>
        <dd>
          {changed.toLocaleString("en")}
          {changed > 0 && judged > 0 && (
            <span class="quiet">
              {" "}
              ({fixed} fixed, {broken} broken)
            </span>
          )}
        </dd>
      </div>
      {(known.length > 0 || measuring.value) && (
        <div class="similarities">
          <dt title="Mean of Spearman's rank correlation of the maps of A and B, over all samples in both">
            Mean similarity of the maps
          </dt>
          <dd>
            {measuring.value
              ? "…"
              : known.map(([method, similarity]) => (
                  <span key={method}>
                    <span class="quiet">{method}</span> {similarityText(similarity as number)}
                  </span>
                ))}
          </dd>
        </div>
      )}
    </dl>
  );
}
