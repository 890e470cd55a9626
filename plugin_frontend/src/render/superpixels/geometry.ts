/** Outlines and middles of superpixels, in pixels of their label map. */
import type { LabelMap } from "../../data/label_maps.ts";

export type Point = { x: number; y: number };

const paths = new WeakMap<LabelMap, Map<number | "all", string>>();

/** An SVG path along the borders between superpixels. */
export function allOutlines(map: LabelMap): string {
  return remembered(map, "all", () =>
    edges(map, (one, other) => one !== other && one !== undefined && other !== undefined),
  );
}

/** An SVG path around one superpixel. */
export function outlineOf(map: LabelMap, label: number): string {
  return remembered(map, label, () => edges(map, (one, other) => (one === label) !== (other === label)));
}

function remembered(map: LabelMap, name: number | "all", trace: () => string): string {
  const known = paths.get(map) ?? new Map<number | "all", string>();
  paths.set(map, known);
  const path = known.get(name) ?? trace();
  known.set(name, path);
  return path;
}

type Label = number | undefined;

/** The pixel edges that `parts` two labels, joined to straight lines. Beyond the border there is no label. */
function edges({ height, width, labels }: LabelMap, parts: (one: Label, other: Label) => boolean): string {
  const lines: string[] = [];
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? undefined : labels[y * width + x];
  for (let y = 0; y <= height; y++) {
    let start = -1;
    for (let x = 0; x <= width; x++) {
      const edge = x < width && parts(at(x, y - 1), at(x, y));
      if (edge && start < 0) start = x;
      if (!edge && start >= 0) {
        lines.push(`M${start} ${y}H${x}`);
        start = -1;
      }
    }
  }
  for (let x = 0; x <= width; x++) {
    let start = -1;
    for (let y = 0; y <= height; y++) {
      const edge = y < height && parts(at(x - 1, y), at(x, y));
      if (edge && start < 0) start = y;
      if (!edge && start >= 0) {
        lines.push(`M${x} ${start}V${y}`);
        start = -1;
      }
    }
  }
  return lines.join("");
}

const middlesOf = new WeakMap<LabelMap, (Point | undefined)[]>();

/** For each superpixel the centre of that pixel of it which is nearest to its centroid; `undefined` for those without pixels. */
export function middles(map: LabelMap): readonly (Point | undefined)[] {
  const known = middlesOf.get(map) ?? findMiddles(map);
  middlesOf.set(map, known);
  return known;
}

function findMiddles({ width, count, labels }: LabelMap): (Point | undefined)[] {
  const sums = Array.from({ length: count }, () => ({ x: 0, y: 0, pixels: 0 }));
  const each = (visit: (label: number, x: number, y: number) => void) => {
    for (let i = 0; i < labels.length; i++) visit(labels[i] as number, (i % width) + 0.5, Math.floor(i / width) + 0.5);
  };
  each((label, x, y) => {
    const sum = sums[label];
    if (!sum) return;
    sum.x += x;
    sum.y += y;
    sum.pixels += 1;
  });
  const nearest: { point: Point; distance: number }[] = [];
  each((label, x, y) => {
    const sum = sums[label];
    if (!sum) return;
    const distance = (x - sum.x / sum.pixels) ** 2 + (y - sum.y / sum.pixels) ** 2;
    if (distance < (nearest[label]?.distance ?? Number.POSITIVE_INFINITY))
      nearest[label] = { point: { x, y }, distance };
  });
  return sums.map((_, label) => nearest[label]?.point);
}
