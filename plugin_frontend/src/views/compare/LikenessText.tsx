/** The figure of a pair of maps, in words and as a bar. */
import { type Likeness, likenessOf } from "./likeness.ts";
import type { MapPair } from "./pairs.ts";

export function similarityText(value: number): string {
  return value
    .toFixed(2)
    .replace(/^-0\.00$/, "0.00")
    .replace("-", "−");
}

const SPEARMAN = "Spearman's rank correlation of the two maps: 1, the same order of places; 0, none; −1, the reverse";

export function LikenessText({ pair }: { pair: MapPair }) {
  const likeness = likenessOf(pair);
  if (likeness.form === "none")
    return (
      <span class="likeness quiet" title={likeness.advice}>
        {likeness.why}
      </span>
    );
  if (likeness.form === "pending") return <span class="likeness quiet">…</span>;
  const { name, text, title } = wordsOf(likeness);
  return (
    <span class="likeness" title={title} data-testid="likeness" data-value={likeness.value}>
      <span class="quiet">{name}</span>
      <span class="likeness-bar" aria-hidden="true">
        <span style={{ width: `${100 * Math.max(0, likeness.value)}%` }} />
      </span>
      <strong>{text}</strong>
    </span>
  );
}

function wordsOf({ form, value }: Extract<Likeness, { value: number }>) {
  if (form === "similarity") return { name: "similarity", text: similarityText(value), title: SPEARMAN };
  const text = value > 0 && value < 0.001 ? "< 0.1%" : `${(100 * value).toFixed(1)}%`;
  return { name: "moved", text, title: "The share of positions that fell into another cluster" };
}
