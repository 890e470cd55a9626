import { expect, test } from "vitest";
import { field, formatTable } from "./csv.ts";

test("fields are quoted where they have to be, and are no formulas", () => {
  expect(["plain", 'a "b"', "a,b", "=1+1", "@x", "+4", "-0.500", "-x", '=a,"b"', "\t=1", "a\nb"].map(field)).toEqual([
    "plain",
    '"a ""b"""',
    '"a,b"',
    "'=1+1",
    "'@x",
    "'+4",
    "-0.500",
    "'-x",
    '"\'=a,""b"""',
    "'\t=1",
    '"a\nb"',
  ]);
});

test("a text is a number only as a whole", () => {
  for (const number of ["-2", "-0.25", "-1e-7", "-1.5E+10"]) expect(field(number)).toBe(number);
  for (const formula of ["-2+3", "-2+3+cmd|' /C calc'!A0", "-1e", "-1-1", "-2.5.1", "-2\t=1"])
    expect(field(formula)).toBe(`'${formula}`);
});

test("numbers are as they are, and what is not known is empty", () => {
  expect(
    formatTable([
      ["a", "b", "c", "d"],
      [1.5, -2, Number.NaN, undefined],
    ]),
  ).toBe("a,b,c,d\r\n1.5,-2,,\r\n");
});
