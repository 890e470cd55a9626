import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChannelsSchema, DType } from "../records/explain_pb.ts";
import { decodeChannels, sizeOfGrid } from "./channels.ts";

let made = 0;

function column(dtype: DType, ...shape: number[]) {
  return { values: new Uint8Array(16).fill(++made), dtype, shape };
}

/** Two images of a layer of three channels. */
function layer(): MessageInitShape<typeof ChannelsSchema> {
  const sheets = (count: number) => ({
    height: 4,
    width: 4,
    down: 2,
    across: 4,
    sheets: column(DType.UINT8, count, 16),
  });
  return {
    channels: 3,
    samples: [{ image: new Uint8Array(16).fill(1), label: 2, id: 5n }, { name: "second" }],
    height: 20,
    width: 30,
    maps: [column(DType.UINT8, 3, 4, 5), column(DType.UINT8, 3, 4, 5)],
    ranges: column(DType.FLOAT32, 2, 3, 2),
    statistics: [
      { name: "mean", values: column(DType.FLOAT32, 3) },
      { name: "class", values: column(DType.UINT16, 3), categories: new Uint8Array(16).fill(9) },
    ],
    classMeans: column(DType.FLOAT16, 3, 10),
    tops: {
      count: 2,
      pictures: sheets(1),
      values: column(DType.FLOAT32, 3, 2),
      images: column(DType.UINT64, 3, 2),
      labels: column(DType.UINT16, 3, 2),
      boxes: column(DType.INT32, 3, 2, 4),
    },
    maximised: {
      recipe: "fourier",
      objectives: ["a:0", "a:2"],
      channels: column(DType.INT32, 2),
      pictures: sheets(1),
      traces: column(DType.FLOAT32, 2, 21),
      states: column(DType.UINT8, 2),
    },
    groups: [{ channels: [2, 0], relation: "copy", similarity: 0.99, cost: 0 }],
    measures: [
      { name: "dead", value: 0.25 },
      { name: "unknown", value: Number.NaN },
    ],
    templateSlope: 4,
  };
}

function decode(change: (message: ReturnType<typeof full>) => void = () => {}) {
  const message = full();
  change(message);
  return decodeChannels(toBinary(ChannelsSchema, create(ChannelsSchema, message)));
}

const full = () => layer() as Required<MessageInitShape<typeof ChannelsSchema>>;

test("every part is there", () => {
  const found = decode();
  expect(found.count).toBe(3);
  expect(found.maps?.grid).toEqual([4, 5]);
  expect(found.maps).toMatchObject({ height: 20, width: 30 });
  expect(found.maps?.images.map(({ id, row, label, name }) => ({ id, row, label, name }))).toEqual([
    { id: "01".repeat(16), row: 5, label: 2, name: "" },
    { id: "#1", row: 0, label: undefined, name: "second" },
  ]);
  expect(found.statistics.map(({ name, categories }) => [name, categories])).toEqual([
    ["mean", ""],
    ["class", "09".repeat(16)],
  ]);
  expect(found.classMeans?.shape).toEqual([3, 10]);
  expect(found.tops).toMatchObject({ count: 2, bounds: 4 });
  expect(found.maximised).toMatchObject({ recipe: "fourier", objectives: ["a:0", "a:2"] });
  expect(found.groups).toEqual([{ channels: [2, 0], relation: "copy", similarity: expect.closeTo(0.99), cost: 0 }]);
  expect(found.measures.map(({ name }) => name)).toEqual(["dead"]);
  expect(found.templateSlope).toBe(4);
});

test("every part may be absent", () => {
  const found = decodeChannels(toBinary(ChannelsSchema, create(ChannelsSchema, { channels: 1 })));
  expect(found).toMatchObject({ count: 1, maps: undefined, tops: undefined, maximised: undefined, groups: [] });
});

test("the cost of a group may be unknown", () => {
  const [group] = decode((message) => {
    message.groups = [{ channels: [0, 1], relation: "alike", similarity: 0.9 }];
  }).groups;
  expect(group?.cost).toBeUndefined();
});

test("maps of positions in a volume are shown as three projections", () => {
  expect(sizeOfGrid([2, 3, 4])).toEqual({ height: 3, width: 4 + 2 + 4 });
  const found = decode((message) => {
    message.maps = [column(DType.UINT8, 3, 2, 3, 4), column(DType.UINT8, 3, 2, 3, 4)];
    message.height = 0;
  });
  expect(found.maps).toMatchObject({ grid: [2, 3, 4], height: 3, width: 10 });
});

const CONTRADICTIONS: [string, (message: ReturnType<typeof full>) => void][] = [
  ["none", (message) => (message.channels = 0)],
  ["contradict their images", (message) => message.samples.pop()],
  [
    "contradict the channels",
    (message) => (message.maps = [column(DType.UINT8, 3, 4, 5), column(DType.UINT8, 2, 4, 5)]),
  ],
  [
    "not stored in bytes",
    (message) => (message.maps = [column(DType.FLOAT32, 3, 4, 5), column(DType.FLOAT32, 3, 4, 5)]),
  ],
  ["no extent", (message) => (message.maps = [column(DType.UINT8, 3, 0, 5), column(DType.UINT8, 3, 0, 5)])],
  ["without their ranges", (message) => (message.ranges = column(DType.FLOAT32, 2, 3) as never)],
  ["Statistics (mean)", (message) => (message.statistics = [{ name: "mean", values: column(DType.FLOAT32, 4) }])],
  [
    "Categories (class)",
    (message) =>
      (message.statistics = [
        { name: "class", values: column(DType.FLOAT32, 3), categories: new Uint8Array(16).fill(9) },
      ]),
  ],
  ["Means of classes", (message) => (message.classMeans = column(DType.FLOAT16, 2, 10) as never)],
  [
    "Patches whose labels",
    (message) => (message.tops = { ...message.tops, labels: column(DType.UINT16, 3, 1) } as never),
  ],
  ["without responses", (message) => (message.tops = { count: 2 } as never)],
  [
    "Patches whose places",
    (message) => (message.tops = { ...message.tops, boxes: column(DType.INT32, 3, 2, 3) } as never),
  ],
  [
    "Maximised images whose channels",
    (message) => (message.maximised = { ...message.maximised, channels: column(DType.INT32, 3) } as never),
  ],
  ["Traces", (message) => (message.maximised = { ...message.maximised, traces: column(DType.FLOAT32, 3, 9) } as never)],
  ["do not exist", (message) => (message.groups = [{ channels: [0, 3] }])],
  ["fewer than two", (message) => (message.groups = [{ channels: [0] }])],
  ["slope", (message) => (message.templateSlope = -1)],
];

test.each(CONTRADICTIONS)("a record that contradicts itself is refused with one sentence: %s", (sentence, change) => {
  expect(() => decode(change)).toThrow(sentence);
});
