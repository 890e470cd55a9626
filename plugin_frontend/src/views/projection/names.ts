/** The names of categories where their points lie, so that the plot can be read without its legend. */
import { evenly } from "../../render/chart/lines.ts";
import type { Panel } from "../../render/scatter/types.ts";
import { categoryName, coloured, colouring } from "../../state/projection_colours.ts";
import type { Points } from "../../state/projection_frame.ts";
import { shownRows } from "./marks.ts";
import { storedPositions } from "./plot.ts";

/** In the plane of the points. */
export type PlacedName = { text: string; x: number; y: number };

/** Rows that are looked at, of all and of each category: more would not move a name. */
const LOOKED_AT = 20_000;
const OF_EACH = 128;
const LONGEST = 24; // characters

/**
 * Each at the point that the others of its category lie nearest to, the most frequent first; of two dimensions. Tracks what is shown.
 * By the roots of the distances: of two clusters it is in the larger one, not between them.
 */
export function placedNames(points: Points): PlacedName[] {
  const by = colouring.value;
  const found = coloured(points, by);
  if (found?.kind !== "categories" || by === "outcome" || points.header.dims !== 2) return [];
  const isShown = shownRows(points);
  const { stored, scale, offset } = storedPositions(points);
  const rowsOf = new Map<number, number[]>();
  const stride = Math.ceil(found.codes.length / LOOKED_AT);
  for (let row = 0; row < found.codes.length; row += stride) {
    const code = found.codes[row] as number;
    if (code >= found.count || !isShown(row)) continue;
    const rows = rowsOf.get(code);
    if (rows) rows.push(row);
    else rowsOf.set(code, [row]);
  }
  const at = (row: number, axis: number) => stored[2 * row + axis] as number;
  return [...rowsOf]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([code, rows]) => {
      const some = evenly(rows.length, OF_EACH).map((i) => rows[i] as number);
      const far = (row: number) =>
        some.reduce(
          (sum, other) => sum + Math.sqrt(Math.hypot(at(row, 0) - at(other, 0), at(row, 1) - at(other, 1))),
          0,
        );
      const sums = some.map(far);
      const place = some[sums.indexOf(Math.min(...sums))] as number;
      const name = categoryName(by, points.header, code);
      const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
      return { text, x: offset + scale * at(place, 0), y: offset + scale * at(place, 1) };
    });
}

const HEIGHT = 16; // pixels of a line
const ROOM = 4; // pixels at either end

/** One that would lie on another, or be cut off, is left out: nearer, there is room for it. */
export function paintNames(
  context: CanvasRenderingContext2D,
  names: readonly PlacedName[],
  panel: Pick<Panel, "place" | "toScreen">,
  { ink, surface }: { ink: string; surface: string },
): void {
  context.font = `500 13px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = surface;
  context.fillStyle = ink;
  const { x: left, y: top, width, height } = panel.place;
  const taken: [x: number, y: number, half: number][] = [];
  for (const { text, x: across, y: along } of names) {
    const [x, y] = panel.toScreen(across, along);
    const half = context.measureText(text).width / 2 + ROOM;
    if (x - half < left || x + half > left + width || y - HEIGHT < top || y + HEIGHT > top + height) continue;
    if (taken.some(([u, v, other]) => Math.abs(x - u) < half + other && Math.abs(y - v) < HEIGHT)) continue;
    taken.push([x, y, half]);
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
