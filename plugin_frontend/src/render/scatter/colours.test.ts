import { expect, test } from "vitest";
import { packColour } from "../heatmap/lut.ts";
import { channelsOf, packed, pixelsOf } from "./colours.ts";
import { HIDDEN, OUTLINED } from "./types.ts";

const [RED, GREEN, BLUE, GREY] = ["#ff0000", "#00ff00", "#0000ff", "#808080"].map(packColour) as number[] as Four;
type Four = [number, number, number, number];
const theme = { ink: 0, missing: GREY };
const rows = (count: number, pixel: (row: number) => number) => Array.from({ length: count }, (_, row) => pixel(row));

test("codes are looked up in the palette, and those beyond it are missing", () => {
  const palette = Uint32Array.of(RED, GREEN);
  expect(rows(4, pixelsOf({ codes: Uint16Array.of(1, 0, 2, 65_535), palette }, theme))).toEqual([
    GREEN,
    RED,
    GREY,
    GREY,
  ]);
  expect(pixelsOf(null, theme)(7)).toBe(GREY);
});

test("values run through the table from low to high, clamped, and those that are NaN are missing", () => {
  const lut = Uint32Array.of(RED, GREEN, BLUE);
  const values = Float32Array.of(-9, 1, 2, 3, 9, Number.NaN, Infinity, -Infinity);
  expect(rows(8, pixelsOf({ values, low: 1, high: 3, lut }, theme))).toEqual(
    [RED, RED, GREEN, BLUE, BLUE, GREY, BLUE, RED], // biome-ignore format: as they are
  );
  expect(pixelsOf({ values: Uint16Array.of(5), low: 5, high: 5, lut }, theme)(0)).toBe(GREEN);
});

test("colour and state share four bytes, and neither changes the other", () => {
  const point = packed(packColour("#123456"), HIDDEN | OUTLINED);
  expect(channelsOf(point).map((channel) => Math.round(255 * channel))).toEqual([0x12, 0x34, 0x56]);
  expect(point >>> 24).toBe(HIDDEN | OUTLINED);
  expect(packed(0, 255)).toBe(0xff000000);
});
