/** The correlations of all related superpixels with each other, as a matrix of colours. */
import type { TargetedPointerEvent } from "preact";
import { keyOf, pairKey, type RankedPair, relationOf } from "./relations.ts";

/** More rows would be too small to point at. */
const MOST = 20;
// In CSS pixels.
const LARGEST_CELL = 20;
const WIDEST = 240;

type Props = {
  superpixels: readonly number[];
  pairs: readonly RankedPair[];
  largest: number;
  highlighted: string | null;
  onHighlight: (pair: RankedPair | null) => void;
};

export function Matrix({ superpixels, pairs, largest, highlighted, onHighlight }: Props) {
  const shown = superpixels.slice(0, MOST);
  const n = shown.length;
  const byKey = new Map(pairs.map((pair) => [keyOf(pair), pair]));
  const at = (row: number, column: number) => byKey.get(pairKey(shown[row] as number, shown[column] as number));

  const ends = new Set(highlighted?.split("-").map(Number));

  const point = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * (n + 1)) - 1;
    const row = Math.floor(((event.clientY - box.top) / box.height) * (n + 1)) - 1;
    onHighlight(row >= 0 && column >= 0 && row < n && column < n && row !== column ? (at(row, column) ?? null) : null);
  };

  return (
    <svg
      class="matrix"
      viewBox={`0 0 ${n + 1} ${n + 1}`}
      style={{ width: `${Math.min(WIDEST, LARGEST_CELL * (n + 1))}px` }}
      role="img"
      aria-label="Correlations as a matrix; the list of pairs says the same in words"
      data-testid="matrix"
      onPointerMove={point}
      onPointerLeave={() => onHighlight(null)}
    >
      {shown.map((label, i) => (
        <g key={label} class="matrix-label" data-highlighted={ends.has(label) || undefined}>
          <text x={i + 1.5} y={0.68}>
            {label}
          </text>
          <text x={0.5} y={i + 1.68}>
            {label}
          </text>
        </g>
      ))}
      {shown.flatMap((first, row) =>
        shown.map((second, column) => {
          const pair = row === column ? undefined : at(row, column);
          const key = pairKey(first, second);
          return (
            <rect
              key={`${first} ${second}`}
              class="cell"
              x={column + 1.04}
              y={row + 1.04}
              width={0.92}
              height={0.92}
              data-pair={pair && key}
              data-relation={pair && relationOf(pair)}
              data-self={row === column || undefined}
              data-highlighted={(pair && key === highlighted) || undefined}
              style={pair && { fillOpacity: 0.15 + 0.85 * Math.min(1, Math.abs(pair.correlation) / (largest || 1)) }}
            />
          );
        }),
      )}
    </svg>
  );
}
