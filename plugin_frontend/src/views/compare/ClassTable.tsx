/** What each side gives the classes that were logged of a sample, those that changed most first; nothing where sides have other classes. */
import { className } from "../../state/class_names.ts";
import { percent } from "../explanations/format.ts";
import { probabilityOf } from "./changes.ts";
import { type SamplePair, sameClasses } from "./pairs.ts";

/** More are not read. */
const ROWS = 6;

export function ClassTable({ pair }: { pair: SamplePair }) {
  const rows = sameClasses(pair.a, pair.b) ? classRows(pair) : [];
  if (rows.length === 0) return null;
  const { classes } = pair.b.record;
  return (
    <table class="class-table" data-testid="class-table">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">A</th>
          <th scope="col">B</th>
          <th scope="col">B − A</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, ROWS).map(({ classIndex, inA, inB }) => (
          <tr key={classIndex}>
            <th scope="row">
              {className(classes, classIndex)}
              {classIndex === pair.b.sample.label && <span class="target-role">true</span>}
            </th>
            <td>{percent(inA)}</td>
            <td>{percent(inB)}</td>
            <td>{inA === undefined || inB === undefined ? "" : points(inB - inA)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** In percentage points, with a sign. */
function points(gain: number): string {
  const text = Math.abs(100 * gain).toFixed(1);
  return text === "0.0" ? "0" : `${gain > 0 ? "+" : "−"}${text}`;
}

function classRows({ a, b }: SamplePair) {
  const classes = new Set<number>();
  for (const { sample, explanations } of [a, b]) {
    if (sample.predicted !== undefined) classes.add(sample.predicted);
    for (const explanation of explanations)
      for (const { classIndex } of explanation.sample.targets) if (classIndex >= 0) classes.add(classIndex);
  }
  const change = ({ inA, inB }: { inA: number | undefined; inB: number | undefined }) =>
    inA === undefined || inB === undefined ? -1 : Math.abs(inB - inA);
  return Array.from(classes, (classIndex) => ({
    classIndex,
    inA: probabilityOf(a, classIndex),
    inB: probabilityOf(b, classIndex),
  }))
    .filter(({ inA, inB }) => inA !== undefined || inB !== undefined)
    .sort((first, second) => change(second) - change(first));
}
