// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const HERE = dirname(fileURLToPath(import.meta.url));
const SHEETS = readdirSync(HERE).filter((name) => name.endsWith(".css"));
/** What is one view's, or what all views show of samples; other sheets are of one component each. */
const OWNERS: Record<string, string> = Object.fromEntries(
  Object.entries({
    compare: ["compare", "compare_dialog"],
    explanations: [
      "cluster_facts",
      "cluster_path",
      "clusters",
      "curves",
      "explanations",
      "figures",
      "occlusion",
      "sample_dialog",
      "tiles",
    ],
    features: ["channel_dialog", "channel_table", "channel_tiles", "features"],
    overview: ["overview", "overview_lines", "overview_table"],
    projection: ["projection", "projection_legend", "projection_side", "projection_tables"],
    sample: ["sample_courses", "sample_page"],
    superpixels: ["correlations", "superpixels"],
  }).flatMap(([owner, names]) => names.map((name) => [`${name}.css`, owner])),
);
const OF_ALL = ["base.css", "dialog.css", "preferences.css", "shell.css", "tokens.css", "widgets.css"];

/** Rules as [selectors, body], those within media queries too. */
function rulesOf(name: string): [string[], string][] {
  const text = readFileSync(join(HERE, name), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
  return Array.from(text.matchAll(/([^{};]+)\{([^{}]*)\}/g), ([, selectors = "", body = ""]) => [
    selectors.split(/,(?![^(]*\))/).map((one) => one.trim()),
    body,
  ]);
}

/** Declarations of such properties, without those that are only of `allowed` values. */
function strays(property: RegExp, allowed: RegExp): string[] {
  return SHEETS.filter((name) => name !== "tokens.css").flatMap((name) =>
    rulesOf(name).flatMap(([[selector], body]) =>
      Array.from(body.matchAll(/([\w-]+):\s*([^;]+);/g))
        .filter(([, key = "", value = ""]) => property.test(key) && !allowed.test(value))
        .map(([text]) => `${name}, ${selector} { ${text} }`),
    ),
  );
}

test("there are style sheets, and rules in each", () => {
  expect(SHEETS.length).toBeGreaterThan(10);
  for (const name of SHEETS) expect(rulesOf(name).length, name).toBeGreaterThan(0);
});

test("letters have the sizes of one scale", () => {
  // Drawings in units of their own, smaller than a pixel, are scaled with what they are on.
  expect(strays(/^font-size$/, /^var\(--[a-z]+\)$|^0\.\d+px$/)).toEqual([]);
});

test("distances are those of one scale", () => {
  // A hair of 1px, and the room of what is not there yet, are no distances.
  const distances = /^(scroll-)?(margin|padding)|gap$/;
  expect(strays(distances, /^((?!\d*\.?\d+px)|-?1px|[1-9]\d{2}px|[6-9]\dpx)/)).toEqual([]);
  expect(strays(distances, /^(?!.*(?<![\w.])([2-9]|[1-5]\d|\d*\.\d+)px)/)).toEqual([]);
});

test("controls and bars have the heights of one scale", () => {
  // Smaller than the smallest control are lines of text and drawings, larger than a bar are pictures.
  expect(strays(/^(min-)?height$/, /^(?!.*(?<![\w.])(2[4-9]|3\d|40)px)/)).toEqual([]);
});

test("corners are round in one of few ways", () => {
  expect(strays(/^border-radius$/, /^(0|50%|inherit|var\(--[a-z-]+\)( 0)*)$/)).toEqual([]);
});

test("no style sheet of a view styles what belongs to another", () => {
  const owners = new Map<string, Set<string>>();
  for (const name of SHEETS.filter((name) => name !== "preferences.css")) {
    for (const selector of rulesOf(name).flatMap(([selectors]) => selectors)) {
      const first = selector.replace(/^\[data-peek\] /, "").match(/(?<![\w)])\.[\w-]+|^\[[\w-]+="\w+"\]/)?.[0];
      const key = first ?? `the element ${selector}`;
      owners.set(key, (owners.get(key) ?? new Set()).add(OF_ALL.includes(name) ? "all" : (OWNERS[name] ?? name)));
    }
  }
  const leaks = Array.from(owners, ([key, names]) => ({ key, names: [...names] })).filter(
    ({ key, names }) => names.length > 1 || (key.startsWith("the element") && names[0] !== "all"),
  );
  expect(leaks).toEqual([]);
});
