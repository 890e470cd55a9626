/** A sample's input and its reconstructions from the first layer to the last and from the class, each with its error. */
import { errorText } from "../../../data/errors.ts";
import { adoptStyles } from "../../../styles/adopt.ts";
import styles from "../../../styles/reconstructions.css?inline";
import type { Explanation } from "../cards.ts";
import { Compared } from "./Compared.tsx";
import { type Item, itemsOf, worst } from "./items.ts";

adoptStyles(styles);

type Props = {
  explanation: Explanation;
  /** The longer side of each, in CSS pixels. */
  side?: number;
  /** Which of them is chosen, and what happens when another is. Without these nothing can be chosen. */
  chosen?: number;
  onChoose?: (index: number) => void;
};

export function ReconstructionStrip({ explanation, side = 104, chosen, onChoose }: Props) {
  const detail = explanation.sample.targets[0]?.detail;
  if (detail?.kind !== "RECONSTRUCTIONS") return null;
  const { run } = explanation.frame.series;
  const items = itemsOf(detail);
  const largest = worst(items);
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari
    <ul class="reconstruction-strip" role="list" data-testid="reconstruction-strip" style={{ "--side": `${side}px` }}>
      {items.map((item, index) => {
        const content = (
          <>
            <Compared
              run={run}
              input={detail.input}
              picture={item.picture}
              label={index ? `Reconstruction from ${item.title}` : "Input"}
              side={side}
            />
            <Caption item={item} largest={largest} />
          </>
        );
        return (
          <li key={item.key} data-source={item.title}>
            {onChoose ? (
              <button
                type="button"
                class="reconstruction"
                title={item.says}
                aria-pressed={index === chosen}
                onClick={() => onChoose(index)}
              >
                {content}
              </button>
            ) : (
              <div class="reconstruction" title={item.says}>
                {content}
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Caption({ item: { title, error }, largest }: { item: Item; largest: number }) {
  return (
    <span class="reconstruction-caption">
      <span class="reconstruction-name">{title}</span>
      {error !== undefined && (
        <span class="reconstruction-error" title="Sum of squared differences from the input">
          <span class="error-bar" aria-hidden="true">
            <span style={{ width: `${(100 * error) / (largest || 1)}%` }} />
          </span>
          {errorText(error)}
        </span>
      )}
    </span>
  );
}
