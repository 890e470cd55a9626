/** Many runs: a line each, in columns, so that they compare. */
import { computed } from "@preact/signals";
import { overviewRuns, type RunSeries } from "../../state/overview_series.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import sheet from "../../styles/overview_table.css?inline";
import { RunRow } from "./RunRow.tsx";

adoptStyles(sheet);

/** The columns that some run may have something for: what was declared tells, so that none comes late. */
export type Column = "predictions" | "maps" | "filters" | "classes";

const columns = computed<ReadonlySet<Column>>(() => {
  const kinds = new Set(overviewRuns.value.flatMap(({ series }) => series.map(({ kind }) => kind)));
  const samples = [...kinds].some((kind) => kind !== "CHANNELS" && kind !== "PROJECTION");
  const all: [Column, boolean][] = [
    ["predictions", samples],
    ["maps", samples],
    ["filters", kinds.has("CHANNELS")],
    ["classes", kinds.has("PROJECTION")],
  ];
  return new Set(all.filter(([, has]) => has).map(([column]) => column));
});

export function RunTable({ runs }: { runs: readonly RunSeries[] }) {
  const has = columns.value;
  return (
    <table class="overview-table">
      <colgroup>
        <col style={{ width: "15%" }} />
        <col style={{ width: "12%" }} />
        {has.has("predictions") && <col style={{ width: "15%" }} />}
        {has.has("predictions") && <col style={{ width: "16%" }} />}
        {has.has("maps") && <col />}
        {has.has("filters") && <col style={{ width: "12%" }} />}
        {has.has("classes") && <col style={{ width: "11%" }} />}
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Logged</th>
          {has.has("predictions") && <th scope="col">Accuracy</th>}
          {has.has("predictions") && <th scope="col">Surest mistakes</th>}
          {has.has("maps") && (
            <th scope="col" title="The least faithful ones, and those that changed most since the step before">
              Maps
            </th>
          )}
          {has.has("filters") && <th scope="col">Filters</th>}
          {has.has("classes") && <th scope="col">Confusable</th>}
        </tr>
      </thead>
      <tbody>
        {runs.map((of) => (
          <RunRow key={of.run.run} of={of} has={has} />
        ))}
      </tbody>
    </table>
  );
}
