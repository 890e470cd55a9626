// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const HERE = dirname(fileURLToPath(import.meta.url));
const SHEETS = readdirSync(HERE).filter((name) => name.endsWith(".css"));

test("letters have the sizes of one scale", () => {
  expect(SHEETS.length).toBeGreaterThan(10);
  const others = SHEETS.flatMap((name) =>
    Array.from(
      readFileSync(join(HERE, name), "utf8").matchAll(/font-size: (?!var\(--)[^;]*/g),
      ([text]) => `${name}, ${text}`,
    ),
  );
  // Drawings in units of their own, smaller than a pixel, are scaled with what they are on.
  expect(others.filter((text) => !/ 0\.\d+px$/.test(text))).toEqual([]);
});
