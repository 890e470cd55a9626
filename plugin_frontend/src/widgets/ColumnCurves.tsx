/** Curves over columns of equal width, as wide as what they stand above or below: values from 0 to 1. */
const TOP = 6;
const BOTTOM = 6;
/** Of a column, in units of the drawing, which is stretched. */
const COLUMN = 100;

export type Curve = {
  /** How it looks, by CSS. */
  kind: string;
  name: string;
  /** One a column; `undefined`: not known. */
  values: readonly (number | undefined)[];
};

type Props = { curves: readonly Curve[]; columns: readonly string[]; height: number; label: string };

export function ColumnCurves({ curves, columns, height, label }: Props) {
  const width = COLUMN * columns.length;
  const x = (at: number) => COLUMN * (at + 0.5);
  const y = (value: number) => TOP + (height - TOP - BOTTOM) * (1 - Math.min(1, Math.max(0, value)));
  const drawn = curves.map((curve) => ({
    ...curve,
    points: curve.values.flatMap((value, at) => (value === undefined ? [] : [{ at, value }])),
  }));
  const whole = (value: number) => `${Math.round(100 * value)}%`;
  const said = drawn.map(
    ({ name, points }) => `${name}: ${points.map(({ at, value }) => `${columns[at]} ${whole(value)}`).join(", ")}`,
  );
  return (
    <div class="column-curves">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}. ${said.join(". ")}`}
      >
        {[0, 0.5, 1].map((value) => (
          <line key={value} class="grid" x1={0} x2={width} y1={y(value)} y2={y(value)} />
        ))}
        {drawn.map(({ kind, points }) => (
          <polyline
            key={kind}
            data-curve={kind}
            points={points.map(({ at, value }) => `${x(at)},${y(value)}`).join(" ")}
          />
        ))}
      </svg>
      {drawn.flatMap(({ kind, name, points }) =>
        points.map(({ at, value }) => (
          <span
            key={`${kind}:${at}`}
            class="curve-point"
            data-curve={kind}
            title={`${name}, ${columns[at]}: ${whole(value)}`}
            style={{ left: `${(100 * (at + 0.5)) / columns.length}%`, top: `${y(value)}px` }}
          />
        )),
      )}
    </div>
  );
}
