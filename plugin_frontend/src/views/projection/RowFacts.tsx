/** What is known of a row, in words: its classes, whether the prediction is right, and all further columns. */
import { className } from "../../state/class_names.ts";
import { columnTitle, NAME } from "../../state/projection_colours.ts";
import type { Points } from "../../state/projection_frame.ts";
import { RightMark } from "../../widgets/RightMark.tsx";
import { percent } from "../explanations/format.ts";
import { type Facts, factsOf } from "./rows.ts";

function RowVerdict({ facts, classes }: { facts: Facts; classes: string }) {
  const { label, predicted, probability, right } = facts;
  if (label === undefined && predicted === undefined) return null;
  return (
    <p class="verdict">
      <RightMark right={right} />
      {label !== undefined && right !== true && <span class="truth">{className(classes, label)}</span>}
      {right === false && <span aria-hidden="true">→</span>}
      {predicted !== undefined && <span class="predicted">{className(classes, predicted)}</span>}
      <span class="probability">{percent(probability)}</span>
    </p>
  );
}

export function RowFacts({
  points,
  row,
  most = Number.POSITIVE_INFINITY,
}: {
  points: Points;
  row: number;
  most?: number;
}) {
  const facts = factsOf(points, row);
  const called = facts.columns.find(({ name }) => name === NAME)?.text;
  const others = facts.columns.filter(({ name }) => name !== NAME);
  return (
    <>
      {called && (
        <p class="row-name" title={called}>
          {called}
        </p>
      )}
      <RowVerdict facts={facts} classes={points.header.classes} />
      <dl class="row-facts">
        {others.slice(0, most).map(({ name, text }) => (
          <div key={name}>
            <dt>{columnTitle(name)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        <div>
          <dt>row</dt>
          <dd>{row}</dd>
        </div>
        <div>
          <dt>id</dt>
          <dd class="row-id">{facts.id}</dd>
        </div>
      </dl>
    </>
  );
}
