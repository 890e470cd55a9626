/**
 * From a grid of clusters to a picture of them. One of positions in a volume shows three projections side by side, as the
 * picture of a volume does:
 *
 *     front   along depth    h rows, w columns
 *     side    along width    h rows, d columns
 *     top     along height   d rows, w columns
 *
 * Each ray shows the rarest of the clusters that it meets, since the most frequent one is the empty space around a body. The
 * picture has as many rows as the highest projection; nothing is below the others.
 */
import type { ClusterMap } from "../../data/cluster_map.ts";
import { projectedExtent } from "../../data/clusters.ts";

/** Where a picture shows no position. */
export const NOTHING = -1;

export type Cells = { rows: number; columns: number /** Row-major; `NOTHING` in places. */; labels: Int32Array };

const kept = new WeakMap<ClusterMap, Cells>();

export function cellsOf(map: ClusterMap): Cells {
  const known = kept.get(map);
  if (known) return known;
  const [rows = 1, columns = 1] = map.path.grid;
  const cells =
    map.path.grid.length === 3
      ? project(map.labels, map.path.grid, map.path.shares)
      : { rows, columns, labels: Int32Array.from(map.labels) };
  kept.set(map, cells);
  return cells;
}

export function project(labels: Uint16Array, grid: readonly number[], shares: readonly number[]): Cells {
  const [d = 0, h = 0, w = 0] = grid;
  const { height: rows, width: columns } = projectedExtent(grid);
  const shown = new Int32Array(rows * columns).fill(NOTHING);
  const meet = (row: number, column: number, label: number) => {
    const at = row * columns + column;
    const before = shown[at] as number;
    if (before === NOTHING || rarity(label, before, shares) < 0) shown[at] = label;
  };
  for (let z = 0, at = 0; z < d; z++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, at++) {
        const label = labels[at] as number;
        meet(y, x, label);
        meet(y, w + z, label);
        meet(z, w + d + x, label);
      }
  return { rows, columns, labels: shown };
}

/** Below 0 when the first cluster is rarer than the second; of equally rare ones the lower index counts as rarer. */
function rarity(a: number, b: number, shares: readonly number[]): number {
  return (shares[a] ?? 0) - (shares[b] ?? 0) || a - b;
}

/** The cell at a point of the picture, both coordinates from 0 to 1. */
export function cellAt({ rows, columns }: Cells, x: number, y: number): { row: number; column: number } {
  return {
    row: Math.min(rows - 1, Math.max(0, Math.floor(y * rows))),
    column: Math.min(columns - 1, Math.max(0, Math.floor(x * columns))),
  };
}

/** The cluster shown in a cell; `null`: none. */
export function clusterIn({ columns, labels }: Cells, { row, column }: { row: number; column: number }): number | null {
  const label = labels[row * columns + column] ?? NOTHING;
  return label === NOTHING ? null : label;
}
