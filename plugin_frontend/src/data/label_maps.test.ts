import { deflateSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { LabelMapSchema } from "../records/explain_pb.ts";
import { decodeLabelMap } from "./label_maps.ts";

const deflate = (labels: number[]) => new Uint8Array(deflateSync(new Uint8Array(Uint16Array.from(labels).buffer)));

const decode = (made: MessageInitShape<typeof LabelMapSchema>) =>
  decodeLabelMap(toBinary(LabelMapSchema, create(LabelMapSchema, made)));

test("label maps are inflated to a label for each pixel", async () => {
  const map = await decode({ height: 2, width: 3, count: 301, deflated: deflate([0, 1, 2, 300, 255, 256]) });
  expect(map).toEqual({ height: 2, width: 3, count: 301, labels: Uint16Array.of(0, 1, 2, 300, 255, 256) });
});

test("label maps of another length than their size are refused, however long the stream goes on", async () => {
  const size = { height: 2, width: 2, count: 1 };
  await expect(decode({ ...size, deflated: deflate([0, 0, 0]) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: deflate(Array(5).fill(0)) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: deflate(Array(4_000_000).fill(0)) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: deflate([0, 0, 0, 0]).slice(0, -6) })).rejects.toThrow("inflated");
  await expect(decode({ ...size, deflated: Uint8Array.of(1, 2, 3) })).rejects.toThrow("inflated");
});

test("label maps of no size, of too much, or with labels beyond their count are refused", async () => {
  await expect(decode({ height: 0, width: 5, count: 1, deflated: deflate([]) })).rejects.toThrow("size");
  await expect(decode({ height: 2 ** 31, width: 2 ** 31, count: 1, deflated: deflate([]) })).rejects.toThrow("size");
  await expect(decode({ height: 1, width: 2, count: 2, deflated: deflate([0, 2]) })).rejects.toThrow("beyond");
});
