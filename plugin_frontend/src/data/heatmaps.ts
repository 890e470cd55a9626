/** Decodes a Heatmaps payload: maps on grids of cells. */

import { HeatmapsSchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import { decodeValues, MOST_VALUES, validateArray } from "./arrays.ts";
import { type ExplainedRecord, explainedRecord, extentOf } from "./explained.ts";
import { PixelMap } from "./maps.ts";

export type HeatmapDetail = { kind: "HEATMAPS" };

const detail: HeatmapDetail = { kind: "HEATMAPS" };

export function decodeHeatmaps(key: string, payload: Uint8Array): ExplainedRecord {
  const message = fromBinary(HeatmapsSchema, payload);
  const { maps, signed } = message;
  if (maps?.shape.length !== 4) throw new Error("Heatmaps without maps.");
  validateArray(maps);
  const [, , rows = 0, columns = 0] = maps.shape;
  const size = rows * columns;
  if (size === 0) throw new Error("Heatmaps of no extent.");
  if (size > MOST_VALUES) throw new Error("Heatmaps of more cells than can be shown.");

  const extent = extentOf(message, { height: rows, width: columns });
  const { height, width } = extent;
  return explainedRecord(message, maps.shape, extent, message.classDependent, (index) => ({
    map: new PixelMap(`${key}/${index}`, rows, columns, height, width, signed, () =>
      decodeValues(maps, index * size, size),
    ),
    detail,
  }));
}
