/** How much the layers' clusters speak for the predicted and for the true class, along the path. */
import { className } from "../../../state/class_names.ts";
import { ColumnCurves, type Curve } from "../../../widgets/ColumnCurves.tsx";
import type { PathLayer } from "./path.ts";
import { standingOf } from "./Vote.tsx";

const HEIGHT = 72;

export function EvidenceCurve({ layers }: { layers: readonly PathLayer[] }) {
  const [first] = layers;
  if (!first) return null;
  const { sample, record } = first.explanation;
  const classes = [...new Set([sample.predicted, sample.label])].filter((index) => index !== undefined);
  const curves = classes.map((classIndex): Curve => {
    const role = classIndex === sample.predicted ? "predicted" : "true";
    return {
      kind: standingOf(classIndex, sample),
      name: `${className(record.classes, classIndex)}, ${role}`,
      values: layers.map(({ detail }) => {
        const log = detail.forward.evidence?.[classIndex];
        return log === undefined ? undefined : Math.exp(log);
      }),
    };
  });
  if (curves.every(({ values }) => values.every((value) => value === undefined)))
    return <p class="hint">No evidence was logged.</p>;
  return (
    <figure class="evidence-curve" data-testid="evidence-curve">
      <ColumnCurves
        curves={curves}
        columns={layers.map(({ name }) => name)}
        height={HEIGHT}
        label="Probability of the class given the forward clusters"
      />
      <figcaption class="curve-keys">
        {curves.map(({ kind, name }) => (
          <span key={kind} data-curve={kind}>
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
