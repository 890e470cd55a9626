import { expect, test } from "vitest";
import { PixelMap, SuperpixelMap } from "../../data/maps.ts";
import { palette } from "../heatmap/lut.ts";
import { difference, differenceTable, largestDifference, paintDifference } from "./difference.ts";
import { finerRaster, valuesOn } from "./rasters.ts";

const numbers = (...values: number[]) => Float32Array.from(values);

test("each side is normalised by its own range before one is taken from the other", () => {
  const own = (low: number, high: number) => ({ range: { low, high }, signed: false });
  expect([...difference(numbers(0, 5, 10), numbers(3, 1, 2), own(0, 10), own(1, 3))]).toEqual([1, -0.5, -0.5]);
  const signed = (reach: number) => ({ range: { low: -reach, high: reach / 2 }, signed: true });
  expect([...difference(numbers(-4, 0, 2), numbers(2, 1, -2), signed(4), signed(2))]).toEqual([2, 0.5, -1.5]);
  // A constant map says nothing: it is 0 everywhere.
  expect([...difference(numbers(7, 7), numbers(0, 1), own(7, 7), own(0, 1))]).toEqual([0, 1]);
});

test("zero is the middle colour and the largest difference the last one, whatever the signs of the maps", () => {
  const colours = palette("RdBu");
  const table = differenceTable(colours, 1);
  const unsigned = { signed: false };
  const signed = { signed: true };
  for (const [largest, values] of [
    [largestDifference(unsigned, unsigned), numbers(-1, 0, 1, 0.5)],
    [largestDifference(signed, unsigned), numbers(-2, 0, 2, 1)],
  ] as const) {
    const pixels = new Uint32Array(4);
    paintDifference(values, largest, table, pixels);
    expect([...pixels]).toEqual([0, 128, 255, 191].map((index) => colours[index]));
  }
});

function grid(rows: number, columns: number, values: Float32Array) {
  return new PixelMap("m", rows, columns, 8, 8, false, () => values);
}

test("maps of different grids meet on the finer one", () => {
  const coarse = grid(1, 2, numbers(0, 4));
  const fine = grid(2, 4, numbers(0, 1, 2, 3, 4, 5, 6, 7));
  for (const raster of [finerRaster(coarse, fine), finerRaster(fine, coarse)]) {
    expect(raster).toEqual({ rows: 2, columns: 4 });
    expect(valuesOn(fine, raster)).toBe(fine.values);
    expect([...valuesOn(coarse, raster)]).toEqual([0, 1, 3, 4, 0, 1, 3, 4]);
  }
});

test("superpixels have their weight on every pixel", () => {
  const labels = { height: 2, width: 2, count: 3, labels: Uint16Array.of(0, 2, 1, 2) };
  const map = new SuperpixelMap("s", "ab", 2, 2, () => numbers(0.5, -1, 2, 0), undefined);
  const raster = finerRaster({ map, labels }, grid(1, 1, numbers(1)));
  expect(raster).toEqual({ rows: 2, columns: 2 });
  expect([...valuesOn({ map, labels }, raster)]).toEqual([0.5, 2, -1, 2]);
});
