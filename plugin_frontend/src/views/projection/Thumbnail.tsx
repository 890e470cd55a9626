/** The picture of a row: a tile of a sheet, which is fetched when the tile is first seen. */
import { imageAddress } from "../../data/client.ts";
import type { Points } from "../../state/projection_frame.ts";
import { tileOf } from "./rows.ts";

/** `side` is that of the box on screen, in CSS pixels. */
export function Thumbnail({ points, row, side }: { points: Points; row: number; side: number }) {
  const tile = tileOf(points, row);
  if (tile === null) return null;
  const { height, width } = tile ?? { height: 1, width: 1 };
  const scale = side / Math.max(height, width);
  return (
    <span
      class="row-thumbnail"
      data-testid="thumbnail"
      data-row={row}
      data-coarse={scale > 1.5 || undefined}
      style={{ width: `${width * scale}px`, height: `${height * scale}px` }}
    >
      {tile && (
        <img
          src={imageAddress(points.series.run, tile.image)}
          alt=""
          draggable={false}
          style={{
            width: `${tile.across * width * scale}px`,
            left: `${-tile.x * width * scale}px`,
            top: `${-tile.y * height * scale}px`,
          }}
        />
      )}
    </span>
  );
}
