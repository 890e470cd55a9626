/** Pairs of superpixels on the image: a numbered line between their middles, as wide as they are correlated. */
import type { LabelMap } from "../../../data/label_maps.ts";
import { middles, type Point } from "../../../render/superpixels/geometry.ts";
import { keyOf, type RankedPair, relationOf } from "./relations.ts";

type Props = {
  labels: LabelMap;
  pairs: readonly RankedPair[];
  /** The largest correlation of any pair, by which widths are scaled. */
  largest: number;
  highlighted: string | null;
  onHighlight: (pair: RankedPair | null) => void;
};

export function PairLines({ labels, pairs, largest, highlighted, onHighlight }: Props) {
  const { height, width } = labels;
  const middle = middles(labels);
  const lines = pairs.flatMap((pair) => {
    const from = middle[pair.first];
    const to = middle[pair.second];
    return from && to ? [{ pair, key: keyOf(pair), from, to }] : [];
  });
  const nodes = new Map(
    lines.flatMap(({ pair, from, to }): [number, Point][] => [
      [pair.first, from],
      [pair.second, to],
    ]),
  );
  const place = ({ x, y }: Point) => ({ left: `${(100 * x) / width}%`, top: `${(100 * y) / height}%` });
  const dimmed = (key: string) => (highlighted !== null && highlighted !== key ? "" : undefined);
  return (
    <>
      <svg class="layer pair-lines" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {lines.map(({ pair, key, from, to }) => {
          const stroke = 1.5 + 5 * Math.min(1, Math.abs(pair.correlation) / (largest || 1));
          const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
          return (
            <g
              key={key}
              data-testid="pair-line"
              data-pair={key}
              data-relation={relationOf(pair)}
              data-highlighted={highlighted === key || undefined}
              data-dimmed={dimmed(key)}
              onPointerEnter={() => onHighlight(pair)}
              onPointerLeave={() => onHighlight(null)}
            >
              <line class="pair-casing" {...ends} style={{ strokeWidth: stroke + 3 }} />
              <line class="pair-line" {...ends} style={{ strokeWidth: stroke }} />
            </g>
          );
        })}
      </svg>
      {[...nodes].map(([label, at]) => (
        <span key={label} class="superpixel-tag" style={place(at)}>
          {label}
        </span>
      ))}
      {lines.map(({ pair, key, from, to }) => (
        <span
          key={key}
          class="pair-tag"
          data-relation={relationOf(pair)}
          data-dimmed={dimmed(key)}
          style={place({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 })}
        >
          {pair.rank}
        </span>
      ))}
    </>
  );
}
