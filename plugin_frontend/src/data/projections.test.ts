import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type ColumnSchema, DType, ProjectionSchema } from "../records/explain_pb.ts";
import { columnOf, numberAt, storedIn } from "./columns.ts";
import { decodeProjection } from "./projections.ts";

type Message = MessageInitShape<typeof ProjectionSchema>;

const column = (dtype: DType, shape: number[], scale = 0): MessageInitShape<typeof ColumnSchema> => ({
  values: Uint8Array.of(dtype, shape.length, 0xab),
  dtype,
  shape,
  scale,
  offset: scale ? -1 : 0,
});

const message: Message = {
  rows: 4,
  dropped: 2,
  fitted: 3,
  positions: column(DType.UINT16, [4, 2], 0.5),
  ids: column(DType.UINT64, [4]),
  labels: column(DType.UINT16, [4]),
  classes: Uint8Array.of(0x12),
  columns: [{ name: "age", values: column(DType.FLOAT32, [4]), low: 1, high: 9 }],
  neighbours: column(DType.UINT32, [4, 2]),
  distances: column(DType.FLOAT16, [4, 2]),
  thumbnails: { height: 8, width: 8, down: 1, across: 3, sheets: column(DType.UINT8, [2, 16]) },
  measures: [
    { name: "silhouette", value: 0.5 },
    { name: "landmark_error", value: Number.NaN },
  ],
  classDistances: {
    classes: [0, 5],
    counts: [2, 2],
    distances: column(DType.FLOAT16, [2, 2]),
    pairs: [{ first: 0, second: 5, rows: [3] }],
    agreement: Number.NaN,
  },
};

const decode = (change: Message = {}) =>
  decodeProjection(toBinary(ProjectionSchema, create(ProjectionSchema, { ...message, ...change } as Message)));

test("a header decodes to what is known of the rows and where it lies", () => {
  const header = decode();
  expect(header).toMatchObject({ rows: 4, dropped: 2, fitted: 3, dims: 2, classes: "12", predicted: undefined });
  expect(header.positions).toEqual({ hash: "0202ab", dtype: DType.UINT16, shape: [4, 2], scale: 0.5, offset: -1 });
  expect(header.columns).toMatchObject([{ name: "age", categories: "", low: 1, high: 9 }]);
  expect(header.measures.map(({ name }) => name)).toEqual(["silhouette"]); // what is not known is left out
  expect(header.classDistances).toMatchObject({ classes: [0, 5], pairs: [{ rows: [3] }], agreement: undefined });
  expect(header.thumbnails).toMatchObject({ down: 1, across: 3 });
});

test("a header that contradicts itself is one sentence", () => {
  const contradictions: [Message, RegExp][] = [
    [{ positions: undefined }, /without positions/],
    [{ positions: column(DType.UINT16, [4, 4], 1) }, /without positions/],
    [{ positions: column(DType.FLOAT32, [4, 2], 1) }, /without positions/],
    [{ positions: column(DType.UINT16, [3, 2], 1) }, /positions contradict/],
    [{ ids: undefined }, /no ids/],
    [{ labels: column(DType.UINT8, [4]) }, /labels are of another type/],
    [{ labels: column(DType.UINT16, [5]) }, /labels contradict/],
    [{ distances: column(DType.FLOAT16, [4, 3]) }, /distances of neighbours contradict/],
    [{ columns: [{ name: "age", values: column(DType.FLOAT32, [5]) }] }, /age contradict/],
    [{ columns: [{ name: "of", values: column(DType.FLOAT32, [4]), categories: Uint8Array.of(1) }] }, /no indices/],
    [{ thumbnails: { height: 8, width: 8, down: 1, across: 4, sheets: column(DType.UINT8, [2, 16]) } }, /sheets/],
    [{ thumbnails: { height: 8, width: 0, down: 1, across: 3, sheets: column(DType.UINT8, [2, 16]) } }, /no extent/],
    [{ classDistances: { classes: [1], distances: column(DType.FLOAT16, [2, 2]) } }, /distances of classes/],
    [
      { classDistances: { classes: [0, 1], distances: column(DType.FLOAT16, [2, 2]), pairs: [{ second: 2 }] } },
      /do not occur/,
    ],
    [
      {
        classDistances: {
          classes: [0, 1],
          distances: column(DType.FLOAT16, [2, 2]),
          pairs: [{ second: 1, rows: [4] }],
        },
      },
      /rows that do not exist/,
    ],
  ];
  for (const [change, sentence] of contradictions) expect(() => decode(change)).toThrow(sentence);
});

test("values are read as they are stored, without a copy", () => {
  const halves = columnOf({ ...column(DType.FLOAT16, [2]), $typeName: "tb_explain.Column" } as never);
  const buffer = Uint16Array.of(0x3c00, 0xc000).buffer;
  const stored = storedIn(halves as NonNullable<typeof halves>, buffer);
  expect(stored.buffer).toBe(buffer);
  expect([0, 1].map((i) => numberAt(halves as NonNullable<typeof halves>, stored, i))).toEqual([1, -2]);
  const scaled = { hash: "", dtype: DType.UINT16, shape: [1], scale: 0.5, offset: -1 };
  expect(numberAt(scaled, Uint16Array.of(6), 0)).toBe(2);
  expect(() => storedIn(scaled, new ArrayBuffer(4))).toThrow("do not fit");
});
