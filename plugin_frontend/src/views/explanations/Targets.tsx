/** The probabilities of the logged targets of a sample; choosing one explains it everywhere. */
import { className } from "../../state/class_names.ts";
import { classChoice } from "../../state/samples.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { chooseTarget, type Explanation, ranked } from "./cards.ts";
import { percent } from "./format.ts";

export function Targets({ explanation }: { explanation: Explanation }) {
  const { sample, record } = explanation;
  const targets = ranked(sample.targets);
  if (targets.length === 0) return null;
  const chosen = chooseTarget(explanation, classChoice.value);
  return (
    <>
      <h3>Logged classes</h3>
      <div class="targets">
        {targets.map(({ classIndex, probability }) => (
          <button
            key={classIndex}
            type="button"
            class="target"
            aria-pressed={chosen?.classIndex === classIndex}
            onClick={() => {
              classChoice.value = classIndex;
            }}
          >
            <span class="target-bar" style={{ width: `${100 * (probability ?? 0)}%` }} />
            <span class="target-name">
              <ClassDot index={classIndex} />
              {className(record.classes, classIndex)}
              {classIndex === sample.label && <span class="target-role">true label</span>}
            </span>
            <span class="probability">{percent(probability)}</span>
          </button>
        ))}
      </div>
    </>
  );
}
