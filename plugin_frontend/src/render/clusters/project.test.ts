import { expect, test } from "vitest";
import type { ClusterPath } from "../../data/clusters.ts";
import { cellAt, clusterIn, NOTHING, project } from "./project.ts";
import { positionsOf } from "./voxels.ts";

test("the projections of a volume lie side by side: along depth, along width, along height", () => {
  // d = 2, h = 3, w = 2; 0 is everywhere but at (z, y, x) = (1, 2, 0)
  const labels = new Uint16Array(12);
  labels[1 * 6 + 2 * 2 + 0] = 1;
  const { rows, columns, labels: shown } = project(labels, [2, 3, 2], [0.9, 0.1]);
  expect([rows, columns]).toEqual([3, 6]);
  const N = NOTHING;
  // biome-ignore format: as it looks
  expect([...shown]).toEqual([
    0, 0,   0, 0,   0, 0,
    0, 0,   0, 0,   1, 0,
    1, 0,   0, 1,   N, N,
  ]);
});

test("a ray shows the rarest cluster that it meets, wherever it is", () => {
  const front = (labels: number[], shares: number[]) => project(Uint16Array.from(labels), [3, 1, 1], shares).labels[0];
  expect(front([0, 1, 2], [0.5, 0.2, 0.3])).toBe(1);
  expect(front([1, 2, 0], [0.5, 0.2, 0.3])).toBe(1);
  expect(front([2, 2, 0], [0.5, 0.2, 0.3])).toBe(2);
  expect(front([2, 1, 2], [0.5, 0.25, 0.25])).toBe(1); // equally rare
});

test("a point of the picture is in the cell under it, and below the projections there is none", () => {
  const cells = project(Uint16Array.of(0, 0, 0, 0, 0, 1), [2, 3, 1], [0.9, 0.1]);
  expect(cellAt(cells, 0.99, 0.34)).toEqual({ row: 1, column: 3 });
  expect(clusterIn(cells, cellAt(cells, 0.99, 0.34))).toBe(1);
  expect(clusterIn(cells, cellAt(cells, 1, 1))).toBeNull();
  expect(clusterIn(cells, cellAt(cells, 0, 0))).toBe(0);
});

test("a voxel belongs to the cluster of the position that it lies in", () => {
  const labels = Uint16Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const at = (grid: number[], depth: number, height: number, width: number) => [
    ...positionsOf({ labels, path: { grid } as unknown as ClusterPath }, { depth, height, width }),
  ];
  expect(at([2, 2, 2], 2, 2, 2)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(at([2, 1, 2], 2, 2, 4)).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]);
  expect(at([1, 1], 1, 1, 3)).toEqual([0, 0, 0]); // a layer without positions
});
