/** The class that a layer's clusters speak for: whether it is the true one or the mistake shows in shape as well as in colour. */
import type { ExplainedSample } from "../../../data/explained.ts";
import { className } from "../../../state/class_names.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import type { Vote as Voted } from "../../clusters/reading.ts";
import { percent } from "../format.ts";

type Standing = "true" | "mistaken" | "other";

const WORDS: Record<Standing, string> = {
  true: "the true class",
  mistaken: "the predicted, wrong class",
  other: "another class",
};

export function standingOf(classIndex: number, { label, predicted }: ExplainedSample): Standing {
  if (classIndex === (label ?? predicted)) return "true";
  return classIndex === predicted ? "mistaken" : "other";
}

type Props = { vote: Voted | null; sample: ExplainedSample; classes: string /** Who votes. */; by?: string };

export function Vote({ vote, sample, classes, by = "The clusters of this layer speak for" }: Props) {
  if (!vote) return <p class="vote" data-testid="vote" />;
  const standing = standingOf(vote.classIndex, sample);
  const name = className(classes, vote.classIndex);
  return (
    <p
      class="vote"
      data-testid="vote"
      data-standing={standing}
      data-class={vote.classIndex}
      title={`${by} ${name} (${percent(vote.probability)}): ${WORDS[standing]}`}
    >
      <span class="vote-mark" role="img" aria-label={WORDS[standing]}>
        {standing === "other" ? <span class="vote-dot" /> : <Icon name={standing === "true" ? "check" : "close"} />}
      </span>
      <span class="vote-class">{name}</span>
      <span class="vote-share">{Number.isNaN(vote.probability) ? "" : `${Math.round(100 * vote.probability)}%`}</span>
    </p>
  );
}
