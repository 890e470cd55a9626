import { expect, test } from "vitest";
import { imageDifference, volumeDifference } from "./differences.ts";

test("images differ by the mean over their colours, whatever their opacity", () => {
  const from = Uint8ClampedArray.of(10, 20, 30, 255, 0, 0, 0, 255);
  const to = Uint8ClampedArray.of(13, 14, 30, 0, 255, 255, 255, 255);
  expect(Array.from(imageDifference(from, to))).toEqual([3, 255]);
});

test("voxels differ in absolute value, and say on which side", () => {
  const of = (...voxels: number[]) => ({ depth: 1, height: 1, width: 3, voxels: Uint8Array.from(voxels) });
  const difference = volumeDifference(of(255, 0, 100), of(0, 200, 100));
  expect(Array.from(difference?.voxels ?? [])).toEqual([255, 200, 0]);
  expect([0, 1].map((voxel) => difference?.missing(voxel))).toEqual([true, false]);
  expect(volumeDifference(of(1, 2, 3), { depth: 3, height: 1, width: 1, voxels: Uint8Array.of(1, 2, 3) })).toBeNull();
});
