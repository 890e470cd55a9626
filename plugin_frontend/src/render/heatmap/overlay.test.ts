import { describe, expect, test } from "vitest";
import { DIVERGING, gradient, packColour, palette, SEQUENTIAL } from "./lut.ts";
import { normalise, paint, paintTable, type Style } from "./overlay.ts";

const bytesOf = (pixel: number) => Array.from(new Uint8Array(Uint32Array.of(pixel).buffer));
const greys = Uint32Array.from({ length: 256 }, (_, i) => packColour(`rgb(${i}, ${i}, ${i})`));
const style: Style = {
  palette: greys,
  signed: false,
  threshold: 0,
  gamma: 1,
  mode: "overlay",
  cover: packColour("#010203"),
};

/** The pixels of these values on the given range, as [grey, alpha]. */
function painted(values: number[], low: number, high: number, change: Partial<Style> = {}): [number, number][] {
  const pixels = new Uint32Array(values.length);
  paint(Float32Array.from(values), { low, high }, paintTable({ ...style, ...change }), pixels);
  return Array.from(pixels, (pixel) => {
    const [r = -1, , , a = -1] = bytesOf(pixel);
    return [r, a];
  });
}

describe("palettes", () => {
  test("known colours lie where they belong", () => {
    expect(bytesOf(palette("viridis")[0] ?? 0)).toEqual([0x44, 0x01, 0x54, 255]);
    expect(bytesOf(palette("viridis")[255] ?? 0)).toEqual([0xfd, 0xe7, 0x25, 255]);
    const [r = 0, , b = 0] = bytesOf(palette("RdBu")[255] ?? 0);
    expect(r).toBeGreaterThan(b); // red speaks for the class
  });

  test.each([...Object.keys(SEQUENTIAL), ...Object.keys(DIVERGING)])("%s has 256 opaque colours", (name) => {
    const colours = palette(name as keyof typeof SEQUENTIAL);
    expect(colours).toHaveLength(256);
    expect(Array.from(colours, (pixel) => bytesOf(pixel)[3])).toEqual(Array(256).fill(255));
  });

  test("the gradient of the legend bends with gamma", () => {
    expect(gradient("magma", 3)).not.toBe(gradient("magma", 1));
    expect(gradient("magma")).toMatch(/^linear-gradient\(to right, (rgb|#).*\)$/);
  });
});

describe("overlays", () => {
  test("the index is round(255 * n ^ gamma), for any gamma", () => {
    const values = Array.from({ length: 200 }, (_, i) => -1 + i / 50);
    for (const gamma of [0.3, 0.5, 1, 2.2]) {
      const expected = values.map((v) => Math.round(255 * Math.min(1, Math.max(0, (v + 0.5) / 2)) ** gamma));
      const found = painted(values, -0.5, 1.5, { gamma }).map(([grey]) => grey);
      const off = found.filter((grey, i) => Math.abs(grey - (expected[i] ?? -9)) > 1).length;
      expect(off).toBe(0);
      expect(found.filter((grey, i) => grey === expected[i]).length).toBeGreaterThan(195);
    }
  });

  test("below the threshold nothing is drawn, at it something is", () => {
    const found = painted([0, 0.49, 0.5, 1], 0, 1, { threshold: 0.5, gamma: 3 });
    expect(found.map(([, alpha]) => alpha)).toEqual([0, 0, 255, 255]);
  });

  test("signed maps have zero in the middle and thresholds on both sides", () => {
    const found = painted([-2, -1, 0, 0.5, 1, 2], -2, 1, { signed: true });
    expect(found.map(([grey]) => grey)).toEqual([0, 64, 128, 159, 191, 255]);
    const cut = painted([-2, -1, 0, 1, 2], -2, 1, { signed: true, threshold: 0.75 });
    expect(cut.map(([, alpha]) => alpha)).toEqual([255, 0, 0, 0, 255]);
  });

  test("gamma keeps the sign", () => {
    const [against, forIt] = painted([-0.25, 0.25], -1, 1, { signed: true, gamma: 0.5 });
    expect([against?.[0], forIt?.[0]]).toEqual([64, 191]);
  });

  test("a mask shows the image where the map is hot and covers it elsewhere", () => {
    expect(painted([0.2, 0.8], 0, 1, { mode: "mask", threshold: 0.5 })).toEqual([
      [1, 255],
      [0, 0],
    ]);
  });

  test("a map without extent is zero everywhere", () => {
    expect(normalise(3, { low: 3, high: 3 }, false)).toBe(0);
    expect(normalise(0, { low: 0, high: 0 }, true)).toBe(0);
  });
});
