import * as d3 from "d3-scale-chromatic";
import { expect, test } from "vitest";
import { DIVERGING, SEQUENTIAL } from "./colour_maps.ts";
import { type ColourMap, palette } from "./lut.ts";

/** Of the palette's 256 colours every fifth is kept. */
const KEPT = 52;

const MAPS: Record<ColourMap, (t: number) => string> = {
  viridis: d3.interpolateViridis,
  cividis: d3.interpolateCividis,
  magma: d3.interpolateMagma,
  turbo: d3.interpolateTurbo,
  RdBu: (t) => d3.interpolateRdBu(1 - t),
  PuOr: (t) => d3.interpolatePuOr(1 - t),
};

const names = (maps: object) => Object.keys(maps) as ColourMap[];

test("colour_maps.ts is what d3-scale-chromatic says; `npx vitest run src/render/heatmap -u` writes it", async () => {
  const table = (maps: object) => names(maps).map((name) => `  ${name}:\n    "${hex(name)}",`);
  const text = [
    `/** Colour maps: ${KEPT} colours each, of three bytes, evenly spaced from low to high. Written by colour_maps.test.ts. */`,
    "",
    "export const SEQUENTIAL = {",
    ...table(SEQUENTIAL),
    "};",
    "",
    "/** Warm colours speak for the target, cold ones against it; the middle is zero. */",
    "export const DIVERGING = {",
    ...table(DIVERGING),
    "};",
    "",
  ];
  await expect(text.join("\n")).toMatchFileSnapshot("./colour_maps.ts");
});

test.each(names(MAPS))(
  "what lies between the kept colours of %s is as d3-scale-chromatic has it, to the eye",
  (name) => {
    const painted = new Uint8Array(palette(name).buffer);
    const furthest = Math.max(
      ...Array.from({ length: 256 }, (_, i) =>
        Math.max(...rgb(MAPS[name](i / 255)).map((level, c) => Math.abs(level - (painted[4 * i + c] as number)))),
      ),
    );
    expect(furthest).toBeLessThanOrEqual(2); // of 255
  },
);

function hex(name: ColourMap): string {
  const colours = Array.from({ length: KEPT }, (_, i) => rgb(MAPS[name](i / (KEPT - 1))));
  return colours
    .flat()
    .map((level) => level.toString(16).padStart(2, "0"))
    .join("");
}

function rgb(css: string): number[] {
  return css.startsWith("#")
    ? [1, 3, 5].map((at) => Number.parseInt(css.slice(at, at + 2), 16))
    : (css.match(/\d+/g) ?? []).map(Number);
}
