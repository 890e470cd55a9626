import { expect, test } from "vitest";
import { packColour } from "../heatmap/lut.ts";
import { classColour, clusterColour } from "./colours.ts";
import { type ClusterStyle, paintClusters } from "./paint.ts";

const hsl = (hex: string) => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [low, high] = [Math.min(r, g, b), Math.max(r, g, b)];
  return { saturation: high - low, lightness: (low + high) / 2 };
};

test("the colours of clusters follow from their names, and sixty of them differ", () => {
  const colours = Array.from({ length: 60 }, (_, id) => clusterColour(id));
  expect(new Set(colours).size).toBe(60);
  expect(colours.every((colour) => /^#[0-9a-f]{6}$/.test(colour))).toBe(true);
  expect(clusterColour(41)).toBe(colours[41]);
});

test("a class is the more saturated the purer its cluster, grey at chance, and has a hue of its own", () => {
  const saturations = [1 / 3, 0.5, 0.8, 1].map((purity) => hsl(classColour(1, purity, 3)).saturation);
  expect(saturations[0]).toBeLessThan(0.06);
  for (let i = 1; i < saturations.length; i++) expect(saturations[i]).toBeGreaterThan(saturations[i - 1] as number);
  expect(saturations.at(-1)).toBeGreaterThan(0.4);
  expect(new Set([0, 1, 2].map((index) => classColour(index, 1, 3))).size).toBe(3);
  expect(classColour(0, 1, 1)).toMatch(/^#[0-9a-f]{6}$/); // one class only: always pure
});

const [RED, GREEN, VEIL] = ["#ff0000", "#00ff00", "#808080"].map(packColour) as [number, number, number];
const style = { colours: Uint32Array.of(RED, GREEN), shown: [true, true], lit: null, veil: VEIL };

function painted(labels: number[], change: Partial<ClusterStyle>): number[] {
  const pixels = new Uint32Array(labels.length);
  paintClusters(Int32Array.from(labels), { ...style, ...change }, pixels);
  return [...pixels];
}

test("cells have their cluster's colour, filtered ones and those of nothing none", () => {
  expect(painted([0, 1, -1, 0], {})).toEqual([RED, GREEN, 0, RED]);
  expect(painted([0, 1, -1, 0], { shown: [false, true] })).toEqual([0, GREEN, 0, 0]);
});

test("while a cluster is lit its own cells keep their colour, and all others are veiled", () => {
  const [own, other, nothing] = painted([0, 1, -1], { lit: 0, shown: [false, true] });
  const channels = new Uint8Array(Uint32Array.of(own as number).buffer);
  expect([...channels.slice(0, 3)]).toEqual([255, 0, 0]);
  expect(channels[3]).toBeGreaterThan(100);
  expect(channels[3]).toBeLessThan(255);
  expect([other, nothing]).toEqual([VEIL, VEIL]);
});
