import { expect, test } from "vitest";
import { IdIndex, idAt, idFrom } from "./ids.ts";

/** Reproducible ids of 53 bits, some of which differ in their upper half alone. */
const IDS = Array.from(
  { length: 5000 },
  (_, i) => (((i * 48271) % 2147483647) % 2 ** 21) * 2 ** 32 + (i % 7) * 1000 + i,
);

test("an index finds where each id is, and no other id", () => {
  const index = new IdIndex(IDS.length, (i) => IDS[i] as number);
  expect(IDS.every((id, i) => index.find(id) === i)).toBe(true);
  expect([1, 2 ** 53 - 1, 0].map((id) => index.find(id))).toEqual([-1, -1, IDS.indexOf(0)]);
  expect(new IdIndex(0, () => 0).has(5)).toBe(false);
});

test("of equal ids the first counts", () => {
  expect(new IdIndex(3, (i) => [7, 9, 9][i] as number).find(9)).toBe(1);
});

test("ids are read from their halves exactly, and those that no number holds are none", () => {
  const id = 2 ** 53 - 5;
  const halves = new Uint32Array(BigUint64Array.of(1n, BigInt(id)).buffer);
  expect([idAt(halves, 0), idAt(halves, 1)]).toEqual([1, id]);
  expect([idFrom(id), idFrom(2 ** 53), idFrom(0)]).toEqual([id, 0, 0]);
});
