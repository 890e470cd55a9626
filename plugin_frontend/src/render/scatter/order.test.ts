import { expect, test } from "vitest";
import { Order } from "./order.ts";

const rows = (n: number) => Array.from({ length: n }, (_, slot) => new Order(n).rowOf(slot));

test("every row is drawn once, and its slot is known", () => {
  for (const n of [1, 2, 3, 4, 10, 97, 1000, 65536]) {
    const order = new Order(n);
    expect(new Set(rows(n)).size).toBe(n);
    for (const row of [0, 1, n >> 1, n - 1].filter((r) => r < n)) expect(order.rowOf(order.slotOf(row))).toBe(row);
  }
});

test("inverses are exact for ten million rows", () => {
  const order = new Order(10_000_000);
  for (const row of [1, 9_999_999, 1_234_567]) expect(order.rowOf(order.slotOf(row))).toBe(row);
});

test("a beginning of the order has its share of every class, sorted or alternating", () => {
  const [n, classes, beginning] = [100_000, 10, 5_000];
  const drawn = rows(n).slice(0, beginning);
  for (const classOf of [(row: number) => Math.floor((row / n) * classes), (row: number) => row % classes]) {
    const counts = new Array(classes).fill(0);
    for (const row of drawn) counts[classOf(row)]++;
    for (const count of counts) expect(Math.abs(count - beginning / classes)).toBeLessThan(beginning / classes / 20);
  }
});
