/** The pairs of superpixels as a ranked list and as a matrix, and the highlighted one in words. */
import type { CorrelationDetail } from "../../../data/correlations.ts";
import { isUncertain } from "../../../render/superpixels/choice.ts";
import { picked } from "../../../state/superpixels.ts";
import { Ranking } from "../../../widgets/Ranking.tsx";
import { compact, withError } from "../format.ts";
import { Matrix } from "./Matrix.tsx";
import { keyOf, type RankedPair, RELATION_WORDS, relatedSuperpixels, relationOf } from "./relations.ts";

type Props = {
  detail: CorrelationDetail;
  /** Those that are listed: all, or the partners of the picked superpixel. */
  pairs: readonly RankedPair[];
  largest: number;
  pointed: RankedPair | null;
  onPoint: (pair: RankedPair | null) => void;
};

export function PairList({ detail, pairs, largest, pointed, onPoint }: Props) {
  const pointedKey = pointed && keyOf(pointed);
  const of = (label: number) => detail.map.weights[label] ?? 0;
  return (
    <>
      {picked.value !== null && (
        <p class="partners" data-testid="partners">
          <span>
            <strong>Superpixel {picked.value}</strong>, alone{" "}
            {withError(of(picked.value), detail.map.errors?.[picked.value])}: {partners(pairs.length)}
          </span>
          <button
            type="button"
            class="text-button"
            onClick={() => {
              picked.value = null;
            }}
          >
            Show all pairs
          </button>
        </p>
      )}
      {detail.pairs.length === 0 && (
        <p class="hint">No two superpixels of this image depend on each other more than by chance.</p>
      )}
      {pairs.length > 0 && (
        <Ranking
          label="Correlated pairs of superpixels"
          items={pairs}
          keyOf={keyOf}
          highlighted={new Set(pointedKey ? [pointedKey] : [])}
          picked={null}
          onHighlight={onPoint}
          onPick={({ first }) => {
            picked.value = picked.value === first ? null : first;
          }}
          testId="pairs-list"
          row={(pair) => (
            <span class="pair-row" data-relation={relationOf(pair)}>
              <span class="pair-tag" data-relation={relationOf(pair)}>
                {pair.rank}
              </span>
              <span>
                {pair.first} + {pair.second}
              </span>
              <span class="pair-relation">
                {isUncertain(pair.correlation, pair.error) ? "uncertain" : RELATION_WORDS[relationOf(pair)]}
              </span>
              <span class="weight-value">{withError(pair.correlation, pair.error)}</span>
            </span>
          )}
        />
      )}
      {pairs.length > 0 && (
        <div class="matrix-and-words">
          <Matrix
            superpixels={relatedSuperpixels(detail.pairs, detail.map.weights)}
            pairs={pairs}
            largest={largest}
            highlighted={pointedKey}
            onHighlight={onPoint}
          />
          {pointed ? <InWords pair={pointed} of={of} /> : <Legend />}
        </div>
      )}
    </>
  );
}

function partners(count: number): string {
  return count === 0 ? "in none of the pairs" : `${count} ${count === 1 ? "partner" : "partners"}`;
}

function InWords({ pair, of }: { pair: RankedPair; of: (label: number) => number }) {
  const { first, second, joint, correlation } = pair;
  const together = relationOf(pair) === "together";
  return (
    <div class="in-words" data-testid="pair-in-words">
      <dl>
        <div>
          <dt>without {first}</dt>
          <dd>{compact(of(first))}</dd>
        </div>
        <div>
          <dt>without {second}</dt>
          <dd>{compact(of(second))}</dd>
        </div>
        <div>
          <dt>without both</dt>
          <dd>{compact(joint)}</dd>
        </div>
        <div>
          <dt>correlation</dt>
          <dd>{compact(correlation)}</dd>
        </div>
      </dl>
      <p class="hint">
        {together
          ? "Losing both costs less than the two losses added up: the class needs them together."
          : "Losing both costs more than the two losses added up: one can stand in for the other."}
      </p>
    </div>
  );
}

function Legend() {
  return (
    <div class="in-words">
      <p class="relation-key" data-relation="together">
        needed together
      </p>
      <p class="relation-key" data-relation="substitute">
        substitutes
      </p>
      <p class="hint">
        Correlation: what the score loses without each, summed, less what it loses without both. Click a superpixel for
        its partners.
      </p>
    </div>
  );
}
