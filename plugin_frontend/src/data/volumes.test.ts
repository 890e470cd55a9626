import { deflateSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { VolumeSchema } from "../records/explain_pb.ts";
import { decodeVolume } from "./volumes.ts";

const deflate = (bytes: number[]) => new Uint8Array(deflateSync(Uint8Array.from(bytes)));

const decode = (made: MessageInitShape<typeof VolumeSchema>) =>
  decodeVolume(toBinary(VolumeSchema, create(VolumeSchema, made)));

test("volumes are inflated to a byte for each voxel", async () => {
  const volume = await decode({ depth: 1, height: 2, width: 3, deflated: deflate([0, 1, 2, 127, 254, 255]) });
  expect(volume).toEqual({ depth: 1, height: 2, width: 3, voxels: Uint8Array.of(0, 1, 2, 127, 254, 255) });
});

test("volumes of another length than their size are refused, however long the stream goes on", async () => {
  const size = { depth: 2, height: 2, width: 2 };
  await expect(decode({ ...size, deflated: deflate(Array(7).fill(0)) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: deflate(Array(9).fill(0)) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: deflate(Array(4_000_000).fill(0)) })).rejects.toThrow("does not fit");
  await expect(decode({ ...size, deflated: Uint8Array.of(1, 2, 3) })).rejects.toThrow(
    "A volume that cannot be inflated",
  );
});

test("volumes of no size or of too much are refused", async () => {
  await expect(decode({ depth: 0, height: 5, width: 5, deflated: deflate([]) })).rejects.toThrow("size");
  await expect(decode({ depth: 257, height: 256, width: 256, deflated: deflate([]) })).rejects.toThrow("size");
});
