/** The positions of a layer as a grid, with one of them and its response field: all that see a part of what it sees. */
import type { ResponseField } from "../../../data/reconstructions.ts";
import { uprightBox } from "../../../render/voxels/grid.ts";
import { outlineOf, shadowOf, VIEWS } from "../../../render/voxels/projections.ts";
import { up } from "../../../state/voxels.ts";

type Rectangle = { x: number; y: number; width: number; height: number };

/** The field is what positions from `from` to `to`, exclusive, make up; along each axis. */
export function LayerGrid({ field }: { field: ResponseField }) {
  const { positions, position, fieldStarts, fieldStops } = field;
  const next = position.map((at) => at + 1);
  if (positions.length !== 3) {
    const flat = ([y0 = 0, x0 = 0]: number[], [y1 = 1, x1 = 1]: number[]) => ({
      x: x0,
      y: y0,
      width: x1 - x0,
      height: y1 - y0,
    });
    const [rows = 1, columns = 1] = positions;
    return <Flat columns={columns} rows={rows} field={flat(fieldStarts, fieldStops)} position={flat(position, next)} />;
  }
  const [depth, height, width] = positions as [number, number, number];
  const box = (from: number[], to: number[]) => uprightBox({ depth, height, width }, up.value, from, to);
  const { to: size } = box([0, 0, 0], positions);
  return (
    <div class="projections">
      {VIEWS.map((view) => {
        const [columns, rows] = shadowOf(size, view);
        return (
          <figure key={view} class="projection">
            <Flat
              columns={columns}
              rows={rows}
              field={outlineOf(box(fieldStarts, fieldStops), size, view)}
              position={outlineOf(box(position, next), size, view)}
            />
            <figcaption>{view}</figcaption>
          </figure>
        );
      })}
    </div>
  );
}

type FlatProps = { columns: number; rows: number; field: Rectangle; position: Rectangle };

function Flat({ columns, rows, field, position }: FlatProps) {
  const lines = (count: number) => Array.from({ length: count + 1 }, (_, i) => i);
  return (
    <svg
      class="layer-grid"
      viewBox={`-0.05 -0.05 ${columns + 0.1} ${rows + 0.1}`}
      style={{ aspectRatio: `${columns} / ${rows}` }}
      role="img"
      aria-label={`Response field of ${field.width} by ${field.height} positions of ${columns} by ${rows}`}
    >
      <rect class="response-field" {...field} />
      <rect class="response-position" {...position} />
      {lines(columns).map((x) => (
        <line key={`x${x}`} x1={x} x2={x} y1={0} y2={rows} />
      ))}
      {lines(rows).map((y) => (
        <line key={`y${y}`} x1={0} x2={columns} y1={y} y2={y} />
      ))}
    </svg>
  );
}
