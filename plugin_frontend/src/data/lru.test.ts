import { expect, test } from "vitest";
import { Lru } from "./lru.ts";

test("what was used longest ago is forgotten first, and the budget is in bytes", () => {
  const lru = new Lru<string>(10);
  lru.set("a", "A", 4);
  lru.set("b", "B", 4);
  lru.get("a");
  lru.set("c", "C", 4);
  expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual(["A", undefined, "C"]);
  expect(lru.bytes).toBe(8);
});

test("replacing counts once, and what exceeds the budget alone is not kept", () => {
  const lru = new Lru<number>(10);
  lru.set("a", 1, 6);
  lru.set("a", 2, 5);
  expect([lru.get("a"), lru.bytes]).toEqual([2, 5]);
  lru.set("b", 3, 11);
  expect([lru.get("a"), lru.get("b"), lru.bytes]).toEqual([undefined, undefined, 0]);
});
