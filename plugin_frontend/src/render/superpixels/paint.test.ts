import { describe, expect, test } from "vitest";
import type { LabelMap } from "../../data/label_maps.ts";
import { packColour } from "../heatmap/lut.ts";
import { type Choice, choose, isUncertain, ranked } from "./choice.ts";
import { allOutlines, middles, outlineOf } from "./geometry.ts";
import { paintSuperpixels, type SuperpixelStyle } from "./paint.ts";

const weights = Float32Array.of(0.1, -0.8, 0.4, 0, 0.4);
const range = { low: -0.8, high: 0.4 };
const all: Choice = { sign: "both", strongest: null, threshold: 0 };
const shown = (choice: Partial<Choice>) =>
  choose(weights, range, { ...all, ...choice }).flatMap((chosen, i) => (chosen ? [i] : []));

describe("choice", () => {
  test("superpixels are ranked by the size of their weight, equal ones as numbered", () => {
    expect(ranked(weights)).toEqual([1, 2, 4, 0, 3]);
  });

  test("so many of the strongest of one sign are shown", () => {
    expect(shown({})).toEqual([0, 1, 2, 3, 4]);
    expect(shown({ strongest: 2 })).toEqual([1, 2]);
    expect(shown({ sign: "for" })).toEqual([0, 2, 4]);
    expect(shown({ sign: "for", strongest: 1 })).toEqual([2]);
    expect(shown({ sign: "against", strongest: 3 })).toEqual([1]);
    expect(shown({ strongest: 0 })).toEqual([]);
  });

  test("the threshold is a share of the largest weight, of either sign", () => {
    expect(shown({ threshold: 0.5 })).toEqual([1, 2, 4]);
    expect(shown({ threshold: 0.51 })).toEqual([1]);
    expect(shown({ threshold: 1 })).toEqual([1]);
  });

  test("uncertain is what lies less than two standard errors from zero", () => {
    expect([isUncertain(-0.19, 0.1), isUncertain(0.2, 0.1), isUncertain(0, 0), isUncertain(0, undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("paint", () => {
  const greys = Uint32Array.from({ length: 256 }, (_, i) => packColour(`rgb(${i}, ${i}, ${i})`));
  const style: SuperpixelStyle = { palette: greys, gamma: 1, mode: "overlay", cover: packColour("#010203") };
  const labels: LabelMap = { height: 2, width: 2, count: 4, labels: Uint16Array.of(0, 1, 2, 3) };

  function painted(
    change: Partial<SuperpixelStyle>,
    size: number,
    errors?: Float32Array,
    choice: Partial<Choice> = {},
  ) {
    const pixels = new Uint32Array(size * size);
    const chosen = choose(weights, range, { ...all, ...choice });
    paintSuperpixels(labels, { weights, errors }, chosen, range, { ...style, ...change }, size, size, pixels);
    return Array.from(new Uint8Array(pixels.buffer).filter((_, i) => i % 4 === 0 || i % 4 === 3)).reduce<
      [number, number][]
    >((pairs, byte, i) => {
      if (i % 2) (pairs.at(-1) as [number, number])[1] = byte;
      else pairs.push([byte, -1]);
      return pairs;
    }, []);
  }

  test("every pixel has the colour of its superpixel's weight, zero the middle one", () => {
    // 0.1 / 0.8 -> 143, -1 -> 0, 0.5 -> 191, 0 -> 128
    expect(painted({}, 2)).toEqual([
      [143, 255],
      [0, 255],
      [191, 255],
      [128, 255],
    ]);
    expect(painted({}, 4).slice(0, 4)).toEqual([
      [143, 255],
      [143, 255],
      [0, 255],
      [0, 255],
    ]);
  });

  test("gamma bends the colours, not the choice", () => {
    expect(painted({ gamma: 0.5 }, 2)[2]).toEqual([Math.round((255 * (1 + Math.SQRT1_2)) / 2), 255]);
  });

  test("what is not chosen is transparent; in a mask it is covered and the rest is transparent", () => {
    const choice = { sign: "for", strongest: 1 } as const;
    expect(painted({}, 2, undefined, choice).map(([, alpha]) => alpha)).toEqual([0, 0, 255, 0]);
    expect(painted({ mode: "mask" }, 2, undefined, choice)).toEqual([
      [1, 255],
      [1, 255],
      [0, 0],
      [1, 255],
    ]);
  });

  test("uncertain superpixels are striped, the others are not", () => {
    const found = painted({}, 32, Float32Array.of(0.06, 0.1, 0.1, 0));
    const alpha = (x: number, y: number) => found[32 * y + x]?.[1];
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((x) => alpha(x, 0))).toEqual([255, 255, 0, 0, 0, 0, 0, 0, 255]);
    expect(alpha(4, 4)).toBe(255); // stripes are diagonal
    for (const [x, y] of [
      [20, 0],
      [0, 20],
      [20, 20],
    ] as const)
      expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => alpha(x + i, y))).toEqual(Array(8).fill(255));
  });
});

describe("geometry", () => {
  /** 3 x 4: superpixel 0 is L-shaped, 1 fills the corner, 3 has no pixel. */
  const map: LabelMap = { height: 3, width: 4, count: 4, labels: Uint16Array.of(0, 1, 1, 2, 0, 1, 1, 2, 0, 0, 0, 2) };

  test("borders between superpixels are joined to straight lines", () => {
    expect(allOutlines(map)).toBe("M1 2H3M1 0V2M3 0V3");
  });

  test("the outline of one superpixel includes the border of the image", () => {
    expect(outlineOf(map, 2)).toBe("M3 0H4M3 3H4M3 0V3M4 0V3");
    expect(outlineOf(map, 3)).toBe("");
  });

  test("the middle of a superpixel lies in it", () => {
    const [first, second, third, none] = middles(map);
    // The centroid of the L, (1.1, 1.9), lies in no pixel of it; two of them are equally near.
    expect([
      { x: 1.5, y: 2.5 },
      { x: 0.5, y: 1.5 },
    ]).toContainEqual(first);
    expect(second).toEqual({ x: 1.5, y: 0.5 });
    expect(third).toEqual({ x: 3.5, y: 1.5 });
    expect(none).toBeUndefined();
  });
});
