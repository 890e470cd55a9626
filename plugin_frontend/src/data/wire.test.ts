import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { DType, type Heatmaps, HeatmapsSchema } from "../records/explain_pb.ts";
import { decodeValues, halfToNumber } from "./arrays.ts";
import type { Target } from "./explained.ts";
import { decodeHeatmaps } from "./heatmaps.ts";
import { splitPayloads } from "./wire.ts";

const IMAGE = Uint8Array.from([0xab, 0x01]);

function twoSamples(): Heatmaps {
  return create(HeatmapsSchema, {
    samples: [{ image: IMAGE, label: 3, predicted: 2, probability: 0.75, name: "a.png" }, { name: "no image" }],
    maps: {
      dtype: DType.UINT8,
      shape: [2, 2, 1, 2],
      data: Uint8Array.from([0, 255, 10, 20, 1, 2, 3, 4]),
      scale: [0.5, 2],
      offset: [-1, 1],
    },
    targets: [2, 3, -1, 0],
    probabilities: [0.75, 0.25, Number.NaN, 0.5],
    flags: [0, 4, 3, 0],
    classes: Uint8Array.from([0x0f]),
    signed: true,
    classDependent: true,
    height: 8,
    width: 16,
  });
}

function answer(...parts: (Uint8Array | number)[]): ArrayBuffer {
  const bytes = parts.flatMap((part) => {
    const length = typeof part === "number" ? part : part.length;
    const prefix = [0, 8, 16, 24].map((shift) => (length >>> shift) & 255);
    return typeof part === "number" ? prefix : [...prefix, ...part];
  });
  return Uint8Array.from(bytes).buffer;
}

test("payloads survive the wire byte for byte, with the marks for the unreadable and the postponed", () => {
  const payload = toBinary(HeatmapsSchema, twoSamples());
  const split = splitPayloads(answer(payload, 0xffffffff, new Uint8Array(0), 0xfffffffe));
  expect(split).toEqual([payload, null, new Uint8Array(0), undefined]);
});

test("an answer that ends early is an error, not a shorter record", () => {
  const whole = answer(Uint8Array.from([1, 2, 3]));
  expect(() => splitPayloads(whole.slice(0, 6))).toThrow("inside a record");
  expect(() => splitPayloads(whole.slice(0, 3))).toThrow("inside a length");
});

test("heatmaps decode to samples, targets and values", () => {
  const record = decodeHeatmaps("k-1", toBinary(HeatmapsSchema, twoSamples()));
  const [first, second] = record.samples;
  expect(first).toMatchObject({ id: "ab01", image: "ab01", label: 3, predicted: 2, probability: 0.75, name: "a.png" });
  expect(second).toMatchObject({ id: "#1", image: "", label: undefined, predicted: undefined, probability: undefined });
  expect(record).toMatchObject({ classes: "0f", classDependent: true, height: 8, width: 16 });
  expect(first?.targets.map(({ classIndex, probability, flags }) => [classIndex, probability, flags])).toEqual([
    [2, 0.75, 0],
    [3, 0.25, 4],
  ]);
  expect(second?.targets[0]?.probability).toBeUndefined();
  const valuesOf = (target?: Target) => (target?.map.form === "pixels" ? Array.from(target.map.values) : []);
  expect(valuesOf(first?.targets[0])).toEqual([-1, 126.5]); // scale 0.5, offset -1
  expect(valuesOf(second?.targets[1])).toEqual([7, 9]); // scale 2, offset 1
  expect(second?.targets[1]?.map).toMatchObject({ range: { low: 7, high: 9 } });
});

test("heatmaps that contradict themselves are refused", () => {
  const broken = (change: (message: Heatmaps) => void) => {
    const message = twoSamples();
    change(message);
    return () => decodeHeatmaps("k", toBinary(HeatmapsSchema, message));
  };
  expect(broken((message) => message.targets.pop())).toThrow("contradict");
  expect(broken((message) => message.samples.pop())).toThrow("contradict");
  expect(broken((message) => message.maps?.shape.pop())).toThrow("without maps");
  expect(broken(({ maps }) => maps?.shape.splice(3, 1, 3))).toThrow("does not fit its shape");
  expect(broken(({ maps }) => maps?.scale.push(1))).toThrow("scale does not fit");
  expect(broken(({ maps }) => Object.assign(maps ?? {}, { dtype: 99 }))).toThrow("not known");
});

test.each([
  [DType.UINT16, new Uint16Array([0, 1, 65535])],
  [DType.INT32, new Int32Array([-2147483648, 0, 5])],
  [DType.FLOAT32, new Float32Array([-0.5, 0, 1e10])],
])("arrays of type %s are read wherever they lie in memory", (dtype, stored) => {
  const shifted = new Uint8Array(stored.byteLength + 1);
  shifted.set(new Uint8Array(stored.buffer), 1);
  const maps = create(HeatmapsSchema, { maps: { dtype, shape: [3], data: shifted.subarray(1) } }).maps;
  expect(maps && decodeValues(maps, 0, 3)).toEqual(Float32Array.from(stored));
});

test("half precision follows IEEE 754", () => {
  expect([0x0000, 0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00].map(halfToNumber)).toEqual([
    0,
    1,
    -2,
    2 ** -24,
    65504,
    -Infinity,
  ]);
  expect(halfToNumber(0x7e00)).toBeNaN();
});
