/** How the largest correlation of any pair depends on the number of superpixels that the image is cut into. */
import type { BlockCount } from "../../../data/correlations.ts";
import { compact } from "../format.ts";

const WIDTH = 400;
const HEIGHT = 220;
const LEFT = 40;
const BOTTOM = 32;
const TOP = 20;
const RIGHT = 12;

/** Where the authors of Ablation-CA found the largest correlations. */
const BAND = { from: 30, to: 50 };

export function BlockCounts({ counts }: { counts: readonly BlockCount[] }) {
  const most = Math.max(BAND.to * 1.2, ...counts.map(({ superpixels }) => superpixels));
  const top = Math.max(...counts.map(({ correlation }) => correlation)) || 1;
  const x = (superpixels: number) => LEFT + ((WIDTH - LEFT - RIGHT) * superpixels) / most;
  const y = (correlation: number) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * Math.max(0, correlation)) / top;
  const best = counts.reduce((a, b) => (b.correlation > a.correlation ? b : a));
  const summary = `The largest correlation of any pair is ${compact(best.correlation)}, with ${best.superpixels} superpixels.`;
  return (
    <figure class="block-counts" data-testid="block-counts">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary}>
        <rect class="band" x={x(BAND.from)} y={TOP} width={x(BAND.to) - x(BAND.from)} height={HEIGHT - BOTTOM - TOP} />
        <text x={x((BAND.from + BAND.to) / 2)} y={TOP - 6} text-anchor="middle">
          {BAND.from}–{BAND.to}
        </text>
        {[0, top / 2, top].map((value) => (
          <g key={value}>
            <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 6} y={y(value) + 4} text-anchor="end">
              {compact(value)}
            </text>
          </g>
        ))}
        {ticks(most).map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 15} text-anchor="middle">
            {tick}
          </text>
        ))}
        <polyline
          class="curve"
          points={counts.map(({ superpixels, correlation }) => `${x(superpixels)},${y(correlation)}`).join(" ")}
        />
        {counts.map((count) => (
          <circle
            key={count.superpixels}
            class="point"
            data-best={count === best || undefined}
            cx={x(count.superpixels)}
            cy={y(count.correlation)}
            r={count === best ? 5 : 3.5}
          >
            <title>
              {count.superpixels} superpixels: {compact(count.correlation)}
            </title>
          </circle>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 2} text-anchor="middle">
          superpixels
        </text>
      </svg>
      <figcaption>
        {summary} Coarse blocks merge what belongs together, fine ones cut it into pieces that replace each other; the
        method's authors found the largest in the shaded range.
      </figcaption>
    </figure>
  );
}

function ticks(most: number): number[] {
  const step = [10, 20, 25, 50, 100, 200, 500].find((step) => most / step <= 6) ?? 1000;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
