import { expect, test } from "vitest";
import { Flag } from "../../records/explain_pb.ts";
import { warnings } from "./flags.ts";

const badges = (flags: number) => warnings(flags).map(({ badge }) => badge);

test("every flag of the schema has words of its own", () => {
  const flags = Object.values(Flag).filter((flag) => typeof flag === "number" && flag !== Flag.OK) as Flag[];
  const words = flags.flatMap(badges);
  expect(words).toHaveLength(flags.length);
  expect(new Set(words).size).toBe(flags.length);
  expect(words).not.toContain("not to be trusted");
});

test("a map without flags has no warnings, one with several has all", () => {
  expect(badges(0)).toEqual([]);
  expect(badges(Flag.ALL_ZERO | Flag.ZERO_GRADIENT)).toEqual(["gradient vanished", "all zero"]);
});

test("bits of later versions are not passed over in silence", () => {
  expect(badges(Flag.SATURATED | 256)).toEqual(["saturated", "not to be trusted"]);
  expect(warnings(256 | 512)[0]?.wrong).toContain("768");
  expect(badges(0x8000_0000)).toEqual(["not to be trusted"]);
});
