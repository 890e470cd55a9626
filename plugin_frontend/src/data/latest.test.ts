import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { latest } from "./latest.ts";

const pending = new Map<string, { resolve: (result: string) => void; reject: (reason: Error) => void }>();
const delivered: string[] = [];
let request: (name: string) => void;

beforeEach(() => {
  vi.useFakeTimers();
  pending.clear();
  delivered.length = 0;
  request = latest(
    (name: string) => new Promise<string>((resolve, reject) => pending.set(name, { resolve, reject })),
    (result) => delivered.push(result),
    (reason) => delivered.push(`failed: ${(reason as Error).message}`),
    400,
  );
});

afterEach(() => vi.useRealTimers());

async function finish(name: string): Promise<void> {
  pending.get(name)?.resolve(name);
  await vi.advanceTimersByTimeAsync(0);
}

test("of the requests made meanwhile only the newest is carried out", async () => {
  for (const name of ["a", "b", "c", "d"]) request(name);
  expect([...pending.keys()]).toEqual(["a"]);
  await finish("a");
  expect([...pending.keys()]).toEqual(["a", "d"]);
  await finish("d");
  expect(delivered).toEqual(["a", "d"]);
});

test("a slow task holds nobody up, and comes too late", async () => {
  request("slow");
  request("fast");
  await vi.advanceTimersByTimeAsync(400);
  await finish("fast");
  await finish("slow");
  expect(delivered).toEqual(["fast"]);
});

test("patience counts from the start of the running task", async () => {
  request("a");
  await vi.advanceTimersByTimeAsync(300);
  await finish("a");
  request("b");
  await vi.advanceTimersByTimeAsync(200); // the patience with "a" would have ended
  request("c");
  expect([...pending.keys()]).toEqual(["a", "b"]);
});

test("a failure is told and the next request is carried out", async () => {
  request("a");
  request("b");
  pending.get("a")?.reject(new Error("gone"));
  await vi.advanceTimersByTimeAsync(0);
  await finish("b");
  expect(delivered).toEqual(["failed: gone", "b"]);
});
