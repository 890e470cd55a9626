import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { DType, HeatmapsSchema } from "../records/explain_pb.ts";
import { Unreachable } from "./client.ts";
import type { Kind } from "./kinds.ts";
import { decodePayload } from "./payloads.ts";
import { RecordStore } from "./record_store.ts";

type Fetch = (run: string, keys: readonly string[]) => Promise<(Uint8Array | null)[]>;

const storeOf = (fetch: Fetch) =>
  new RecordStore(
    fetch,
    async () =>
      ({ kind, key }: { kind: Kind; key: string }, payload) =>
        decodePayload(kind, key, payload),
    1e6,
  );

const maps = (...keys: string[]) => keys.map((key) => ({ kind: "HEATMAPS" as const, key }));

const payload = toBinary(
  HeatmapsSchema,
  create(HeatmapsSchema, {
    samples: [{}],
    targets: [0],
    maps: { dtype: DType.UINT8, shape: [1, 1, 1, 1], data: new Uint8Array(1) },
  }),
);

test("records are fetched together, once, and shared while in flight", async () => {
  const fetch = vi.fn(async (_run: string, keys: readonly string[]) => keys.map(() => payload));
  const store = storeOf(fetch);
  const both = await Promise.all([store.load("r", maps("a", "b")), store.load("r", maps("b", "c"))]);
  await store.load("r", maps("c", "a"));
  expect(fetch.mock.calls).toEqual([
    ["r", ["a", "b"]],
    ["r", ["c"]],
  ]);
  expect(both[0][1]).toBe(both[1][0]);
});

test("what cannot be read or decoded is null and is not asked for again", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const fetch = vi.fn(async () => [null, Uint8Array.from([255]), payload]);
  const store = storeOf(fetch);
  const reads = await store.load("r", maps("damaged", "garbage", "fine"));
  expect(reads.map((read) => read?.samples.length)).toEqual([undefined, undefined, 1]);
  await store.load("r", maps("damaged", "garbage"));
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("a failed request is tried again", async () => {
  const fetch = vi.fn(async () => [payload]).mockRejectedValueOnce(new Error("gone"));
  const store = storeOf(fetch);
  await expect(store.load("r", maps("a"))).rejects.toThrow("gone");
  expect(await store.load("r", maps("a"))).toHaveLength(1);
});

test("without the code that decodes, nothing is known of a record: both are asked for again", async () => {
  const fetch = vi.fn(async () => [payload]);
  const decoder = async () => (_: { key: string }, bytes: Uint8Array) => bytes.length;
  const load = vi.fn(decoder).mockRejectedValueOnce(new TypeError("Failed to fetch dynamically imported module"));
  const store = new RecordStore(fetch, load, 1e6);
  await expect(store.load("r", maps("a"))).rejects.toThrow(Unreachable);
  expect(await store.load("r", maps("a"))).toEqual([payload.length]);
});
