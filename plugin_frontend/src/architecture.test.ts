// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { VIEW_IDS } from "./state/view.ts";
import { VIEWS } from "./views/registry.ts";

/** What each room may import: other rooms, and packages. */
const MAY_IMPORT: Record<string, string[]> = {
  records: [],
  data: ["records"],
  render: ["data"],
  host: ["@preact/signals"],
  styles: [],
  state: ["data", "render", "host", "@preact/signals"],
  widgets: ["data", "render", "host", "state", "styles", "preact", "preact/hooks", "@preact/signals"],
  views: [
    "data",
    "records",
    "render",
    "host",
    "state",
    "styles",
    "widgets",
    "shell",
    "preact",
    "preact/hooks",
    "@preact/signals",
  ],
  shell: [
    "data",
    "host",
    "state",
    "styles",
    "widgets",
    "views/registry.ts",
    "preact",
    "preact/hooks",
    "@preact/signals",
  ],
};

/** Explanations has what all views show of samples: tiles, pictures, the enlarged sample. Others lend this, and keep the rest. */
const LENT = [
  "clusters/ClusterFacts.tsx",
  "clusters/Legend.tsx",
  "clusters/reading.ts",
  "projection/NeighbourList.tsx",
  "projection/style_sheets.ts",
].map((file) => `views/${file}`);

/** explain_pb.ts, the whole schema with its own runtime, is for tests and the development server. */
const GENERATED = ["records/explain_pb.ts", "records/messages.ts"];

/** What a document begins with: TensorBoard's, and a report's. */
const ENTRIES = ["main.tsx", "report.ts"];

const ROOT = import.meta.dirname;

type Source = {
  file: string;
  text: string;
  /** Files below src/, and packages. Types alone do not count as `run`: nothing is left of them in the page. */
  imports: { from: string; run: boolean; lazily: boolean }[];
};

const SOURCES: Source[] = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !/\.(test|d)\./.test(file) && file !== "records/explain_pb.ts")
  .map((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return { file, text, imports: importsIn(file, text) };
  });

function importsIn(file: string, text: string): Source["imports"] {
  const place = (name: string) =>
    name.startsWith(".") ? normalize(join(dirname(file), name.replace(/\?.*/, ""))) : name;
  const declared = /^(?:import|export)\s+(?:(type\s)?([^;"]*?)\sfrom\s+)?"([^"]+)"/gm;
  const named = (names: string) =>
    names
      .replace(/[{}]/g, "")
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
  return [
    ...Array.from(text.matchAll(declared), ([, type, names = "", from = ""]) => ({
      from: place(from),
      run: !type && (named(names).length === 0 || named(names).some((name) => !name.startsWith("type "))),
      lazily: false,
    })),
    ...Array.from(text.matchAll(/import\("([^"]+)"\)/g), ([, from = ""]) => ({
      from: place(from),
      run: true,
      lazily: true,
    })),
  ];
}

const roomOf = (file: string) => file.split("/")[0] as string;
const viewOf = (file: string) => /^views\/(\w+)\//.exec(file)?.[1];

/** Of all sources, what is wrong with them. */
function faults(find: (source: Source) => (string | false | undefined)[]): string[] {
  return SOURCES.flatMap((source) =>
    find(source).filter((fault) => fault !== false && fault !== undefined),
  ) as string[];
}

test("the sources are found, and what they import", () => {
  const of = (file: string) => SOURCES.find((source) => source.file === file)?.imports;
  expect(of("state/view.ts")).toContainEqual({ from: "@preact/signals", run: true, lazily: false });
  expect(of("main.tsx")).toContainEqual({ from: "styles/base.css", run: true, lazily: false });
  expect(of("views/registry.ts")).toContainEqual({ from: "state/view.ts", run: false, lazily: false });
  expect(of("views/registry.ts")).toContainEqual({ from: "views/features/Features.tsx", run: true, lazily: true });
});

test("a file is read in one sitting, and begins with what it is for", () => {
  expect(
    faults(({ file, text }) => [
      !GENERATED.includes(file) && text.split("\n").length > 301 && `${file} has more than 300 lines`,
      !/^\/\*\*\s(?:(?!\*\/)[\s\S])*[.:](?:(?!\*\/)[\s\S])*\*\/\n/.test(text) && `${file} begins without a sentence`,
    ]),
  ).toEqual([]);
  const sheets = readdirSync(join(ROOT, "styles")).filter((file) => file.endsWith(".css"));
  const lengths = sheets.map((file) => readFileSync(join(ROOT, "styles", file), "utf8").split("\n").length - 1);
  expect(sheets.filter((_, i) => (lengths[i] as number) > 300)).toEqual([]);
});

test("a room imports what it may", () => {
  expect(
    faults(({ file, imports }) => {
      if (ENTRIES.includes(file)) return [];
      const allowed = MAY_IMPORT[roomOf(file)] ?? [];
      return imports.map(
        ({ from }) =>
          roomOf(from) !== roomOf(file) &&
          !allowed.some((name) => from === name || from.startsWith(`${name}/`)) &&
          `${file} imports ${from}`,
      );
    }),
  ).toEqual([]);
});

test("views import of one another what is lent", () => {
  const between = SOURCES.flatMap(({ file, imports }) =>
    imports.map(({ from }) => ({ file, from })).filter(({ from }) => viewOf(from) && viewOf(from) !== viewOf(file)),
  ).filter(({ file }) => file !== "views/registry.ts");
  expect(between.filter(({ from }) => viewOf(from) !== "explanations" && !LENT.includes(from))).toEqual([]);
  expect(LENT.filter((lent) => !between.some(({ from }) => from === lent))).toEqual([]);
});

test("only host/ reaches for the window around the page", () => {
  const reaching =
    /\b(window|globalThis|self|defaultView)\s*[?.[\s"']+(parent|top|opener|frameElement)\b|\b(parent|top|opener)\s*\??\.\s*(document|location|history|postMessage|window)\b|\bhostWindow\b/;
  const found = SOURCES.filter(({ text }) => reaching.test(text)).map(({ file }) => file);
  expect(found.filter((file) => roomOf(file) !== "host")).toEqual([]);
  expect(found).toContain("host/window.ts");
});

test("state makes no elements", () => {
  const elements = /\bdocument\.(create|body|query|get)|\bnew Image\b/;
  expect(faults(({ file, text }) => [roomOf(file) === "state" && elements.test(text) && file])).toEqual([]);
});

test("no file needs itself", () => {
  const runs = new Map(
    SOURCES.map(({ file, imports }) => [
      file,
      imports.filter(({ run, lazily }) => run && !lazily).map(({ from }) => from),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    else if (!done.has(file)) for (const next of runs.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of runs.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

test("every view has a line in the registry, which alone loads it, and only when it is shown", () => {
  expect(VIEWS.map(({ id }) => id)).toEqual([...VIEW_IDS]);
  const registry = SOURCES.find(({ file }) => file === "views/registry.ts");
  const roots = registry?.imports.filter(({ lazily }) => lazily).map(({ from }) => from) ?? [];
  expect(roots).toHaveLength(VIEWS.length);
  expect(
    faults(({ file, imports }) =>
      imports.map(({ from }) => file !== "views/registry.ts" && roots.includes(from) && `${file} imports ${from}`),
    ),
  ).toEqual([]);
  expect(registry?.imports.filter(({ run, lazily }) => run && !lazily)).toEqual([]);
});
