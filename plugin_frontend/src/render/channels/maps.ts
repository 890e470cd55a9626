/** Maps of channels as values: from the bytes that are stored to a picture of cells and the ranges that colours span. */
import { type Maps, sizeOfGrid } from "../../data/channels.ts";
import type { Range } from "../../data/maps.ts";

/** The maps of all channels over one image. */
export type ImageMaps = {
  maps: Maps;
  /** Which image. */
  image: number;
  /** [C, ...grid] */
  stored: Uint8Array;
  /** [N, C, 2] */
  ranges: Float32Array;
  /** Of all channels over all images. */
  range: Range;
  /** Whether some value is below zero. */
  signed: boolean;
};

export function imageMaps(maps: Maps, image: number, stored: Uint8Array, ranges: Float32Array): ImageMaps {
  const range = unionOf(ranges, 0, ranges.length / 2, 1);
  return { maps, image, stored, ranges, range, signed: range.low < 0 };
}

/** Of one map, over one image. */
export function rangeOfMap(ranges: Float32Array, count: number, image: number, channel: number): Range {
  return unionOf(ranges, image * count + channel, 1, 1);
}

/** Of one channel, over all images. */
export function rangeOfChannel(ranges: Float32Array, count: number, channel: number): Range {
  return unionOf(ranges, channel, ranges.length / (2 * count), count);
}

/** What colours span when each map has a range of its own. A single position has no shape: it is seen among those of other images. */
export function ownRange(
  grid: readonly number[],
  ranges: Float32Array,
  count: number,
  image: number,
  channel: number,
): Range {
  const single = grid.every((extent) => extent === 1);
  return single ? rangeOfChannel(ranges, count, channel) : rangeOfMap(ranges, count, image, channel);
}

function unionOf(ranges: Float32Array, from: number, many: number, stride: number): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < many; i++) {
    const at = 2 * (from + i * stride);
    low = Math.min(low, ranges[at] as number);
    high = Math.max(high, ranges[at + 1] as number);
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

export type Cells = { rows: number; columns: number; values: Float32Array };

/**
 * The map of a channel. One of positions in a volume shows the greatest values along depth (h x w), width (h x d) and height
 * (d x w) side by side, as the picture of the volume does.
 */
export function cellsOf(grid: readonly number[], stored: Uint8Array, channel: number, { low, high }: Range): Cells {
  const size = grid.reduce((product, extent) => product * extent, 1);
  const bytes = stored.subarray(channel * size, (channel + 1) * size);
  const value = (byte: number) => low + ((high - low) * byte) / 255;
  const { height: rows, width: columns } = sizeOfGrid(grid);
  if (grid.length === 2) return { rows, columns, values: Float32Array.from(bytes, value) };
  const [d = 1, h = 1, w = 1] = grid;
  const greatest = new Uint8Array(rows * columns);
  const meet = (row: number, column: number, byte: number) => {
    const at = row * columns + column;
    if (byte > (greatest[at] as number)) greatest[at] = byte;
  };
  for (let z = 0, at = 0; z < d; z++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, at++) {
        const byte = bytes[at] as number;
        meet(y, x, byte);
        meet(y, w + z, byte);
        meet(z, w + d + x, byte);
      }
  return { rows, columns, values: Float32Array.from(greatest, value) };
}

/** The greatest value of each channel over the image. */
export function peaksOf({ image, ranges }: ImageMaps, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, channel) => rangeOfMap(ranges, count, image, channel).high);
}

/** Where a map is greatest, the first of several: [y, x] or [z, y, x]. */
export function peakOf(grid: readonly number[], stored: Uint8Array, channel: number): number[] {
  const size = grid.reduce((product, extent) => product * extent, 1);
  const bytes = stored.subarray(channel * size, (channel + 1) * size);
  let best = 0;
  for (let i = 1; i < size; i++) if ((bytes[i] as number) > (bytes[best] as number)) best = i;
  const place: number[] = [];
  for (const extent of grid.toReversed()) {
    place.unshift(best % extent);
    best = Math.floor(best / extent);
  }
  return place;
}

/**
 * The template that masks the map of an interpretable filter with its peak at `peak` (Zhang, Wu, Zhu 2018, Interpretable
 * Convolutional Neural Networks): max(1 - slope * |position - peak|_1 / n, -1), where n is the side of a square (cube) with as many positions.
 */
export function templateAt(grid: readonly number[], peak: readonly number[], slope: number): Float32Array {
  const size = grid.reduce((product, extent) => product * extent, 1);
  const side = size ** (1 / grid.length);
  return Float32Array.from({ length: size }, (_, index) => {
    let rest = index;
    let distance = 0;
    for (let axis = grid.length - 1; axis >= 0; axis--) {
      const extent = grid[axis] as number;
      distance += Math.abs((rest % extent) - (peak[axis] as number));
      rest = Math.floor(rest / extent);
    }
    return Math.max(-1, 1 - (slope * distance) / side);
  });
}
