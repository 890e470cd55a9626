/** The numbers of a chart as a table, for those who do not see it. */
import { evenly } from "../../render/chart/lines.ts";
import type { Line } from "../LineChart.tsx";

/** Who listens wants the course of the lines, not hundreds of rows. */
const MOST_ROWS = 24;

type Props = { label: string; steps: readonly number[]; lines: readonly Line[]; format: (value: number) => string };

export function ValueTable({ label, steps, lines, format }: Props) {
  const rows = evenly(steps.length, MOST_ROWS);
  return (
    <div class="visually-hidden">
      <table>
        <caption>{rows.length < steps.length ? `${label}: ${rows.length} of ${steps.length} steps` : label}</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((at) => (
            <tr key={at}>
              <th scope="row">{steps[at]}</th>
              {lines.map(({ name, values }) => {
                const value = values[at];
                return <td key={name}>{value === undefined ? "–" : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
