import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ColumnSchema, DType, type Thumbnails, ThumbnailsSchema } from "../records/explain_pb.ts";
import { placeOf, type Sheets, sheetHash, sheetsOf } from "./sheets.ts";

function message(sheets: number, size = { height: 4, width: 6 }): Thumbnails {
  const column = create(ColumnSchema, { values: new Uint8Array(16).fill(7), dtype: DType.UINT8, shape: [sheets, 16] });
  return create(ThumbnailsSchema, { ...size, down: 2, across: 3, sheets: column });
}

test("a picture is on its sheet, left to right, then down", () => {
  const sheets = sheetsOf(message(2), 8) as Sheets;
  expect([0, 2, 3, 5, 6, 7].map((index) => placeOf(sheets, index))).toEqual([
    { sheet: 0, x: 0, y: 0 },
    { sheet: 0, x: 12, y: 0 },
    { sheet: 0, x: 0, y: 4 },
    { sheet: 0, x: 12, y: 4 },
    { sheet: 1, x: 0, y: 0 },
    { sheet: 1, x: 6, y: 0 },
  ]);
});

test("a row of the hashes names a sheet", () => {
  const hashes = Uint8Array.from({ length: 32 }, (_, i) => i);
  expect(sheetHash(hashes, 1)).toBe("101112131415161718191a1b1c1d1e1f");
});

test("sheets that contradict their pictures are refused, absent ones are none", () => {
  expect(() => sheetsOf(message(1), 7)).toThrow("number of their pictures");
  expect(() => sheetsOf(message(1, { height: 0, width: 6 }), 6)).toThrow("no extent");
  expect(sheetsOf(undefined, 6)).toBeUndefined();
});
