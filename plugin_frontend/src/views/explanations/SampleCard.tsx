/** All that the chosen series say about one sample. */
import { className } from "../../state/class_names.ts";
import { loggedProjections } from "../../state/projections.ts";
import { showOriginal, tileSize } from "../../state/samples.ts";
import { isSelected, onlySelected, selectedCount, toggleSelected } from "../../state/selection.ts";
import { seriesKey } from "../../state/series.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { Guarded } from "../../widgets/Guarded.tsx";
import { RightMark } from "../../widgets/RightMark.tsx";
import type { Card } from "./cards.ts";
import { isRight } from "./cards.ts";
import { TurningBadge } from "./clusters/TurningBadge.tsx";
import { percent } from "./format.ts";
import { Picture } from "./Picture.tsx";
import { PinButton } from "./PinButton.tsx";
import { SelectBox } from "./SelectBox.tsx";
import { Tile } from "./Tile.tsx";

export function SampleCard({ card }: { card: Card }) {
  const [first] = card.explanations;
  const { row } = card.sample;
  const selected = row !== 0 && isSelected(row);
  const selectable = row !== 0 && (selectedCount.value > 0 || loggedProjections.value.length > 0);
  return (
    <li
      class="card"
      data-sample={card.sample.id}
      data-selected={(selected && !onlySelected.value) || undefined}
      onClickCapture={(event) => {
        if (!selectable || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.stopPropagation(); // the picture under the pointer would be enlarged
        toggleSelected(row);
      }}
    >
      <Verdict card={card} />
      {selectable && <SelectBox row={row} name={card.sample.name} />}
      <PinButton id={card.sample.id} name={card.sample.name} class="card-pin" />
      <TurningBadge card={card} />
      <div class="tiles">
        {showOriginal.value && first && (
          <figure class="tile">
            <div class="tile-picture">
              <Picture explanation={first} target={null} longest={128} shownAt={tileSize.value} />
            </div>
            <figcaption>
              <span class="tile-name">Original</span>
              <span class="tile-target">{card.sample.name || " "}</span>
            </figcaption>
          </figure>
        )}
        {card.explanations.map((explanation) => (
          <Guarded key={seriesKey(explanation.frame.series)}>
            <Tile explanation={explanation} />
          </Guarded>
        ))}
      </div>
    </li>
  );
}

/** True class → predicted class, and whether they agree: in shape as well as in colour. */
export function Verdict({ card: { sample, record } }: { card: Card }) {
  const right = isRight(sample);
  const truth = className(record.classes, sample.label);
  const predicted = className(record.classes, sample.predicted);
  return (
    <p class="verdict" title={`${sample.name ? `${sample.name}: ` : ""}${truth} → ${predicted}`}>
      <RightMark right={right} />
      {sample.label !== undefined && right !== true && (
        <span class="of-class">
          <ClassDot index={sample.label} />
          <span class="truth">{truth}</span>
        </span>
      )}
      {sample.predicted !== undefined && (
        <span class="of-class">
          {right === false && <span aria-hidden="true">→</span>}
          <ClassDot index={sample.predicted} />
          <span class="predicted">{predicted}</span>
        </span>
      )}
      <span class="probability">{percent(sample.probability)}</span>
    </p>
  );
}
