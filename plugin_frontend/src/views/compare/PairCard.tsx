/** One sample on both sides: what was predicted, and for each series both maps and their difference. */
import { className } from "../../state/class_names.ts";
import { openPair, type Side } from "../../state/compare.ts";
import { tileSize } from "../../state/samples.ts";
import { isSelected, onlySelected, selectedCount } from "../../state/selection.ts";
import { seriesNames } from "../../state/series.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { RightMark } from "../../widgets/RightMark.tsx";
import { type Card, isRight } from "../explanations/cards.ts";
import { percent } from "../explanations/format.ts";
import { Picture } from "../explanations/Picture.tsx";
import { PinButton } from "../explanations/PinButton.tsx";
import { SelectBox } from "../explanations/SelectBox.tsx";
import { type Outcome, outcomeOf } from "./changes.ts";
import { DifferencePicture, differs } from "./DifferencePicture.tsx";
import { LikenessText } from "./LikenessText.tsx";
import { type MapPair, type SamplePair, sameSubject } from "./pairs.ts";
import { SidePicture } from "./SidePicture.tsx";
import { SideMark } from "./Sides.tsx";

/** Enough for thumbnails of every size, as in the view of attribution maps. */
const LONGEST = 128;

export function PairCard({ pair }: { pair: SamplePair }) {
  const [first] = pair.a.explanations;
  const { label, name, row } = pair.a.sample;
  return (
    <li
      class="card pair-card"
      data-testid="pair-card"
      data-sample={pair.id}
      data-outcome={outcomeOf(pair)}
      data-selected={(row !== 0 && !onlySelected.value && isSelected(row)) || undefined}
    >
      <Predictions pair={pair} />
      {row !== 0 && selectedCount.value > 0 && <SelectBox row={row} name={name} />}
      <PinButton id={pair.id} name={name} class="card-pin" />
      <div class="pair-body">
        {first && (
          <figure class="tile">
            <Picture explanation={first} target={null} longest={LONGEST} shownAt={tileSize.value} />
            <figcaption>
              <span class="tile-name">
                {label === undefined ? "Original" : `true class ${className(pair.a.record.classes, label)}`}
              </span>
              <span class="tile-target">{name}</span>
            </figcaption>
          </figure>
        )}
        <div class="map-pairs">
          {pair.maps.map((maps) => (
            <MapPairTiles key={maps.series.key} sample={pair.id} pair={maps} />
          ))}
        </div>
      </div>
    </li>
  );
}

const OUTCOMES: Record<Outcome, { words: string; icon: "check" | "close" | "swap" } | null> = {
  fixed: { words: "fixed", icon: "check" },
  broken: { words: "broken", icon: "close" },
  changed: { words: "changed", icon: "swap" },
  same: null,
  unknown: null,
};

/** What each side predicts; a change is said in words and shape as well as in colour. */
export function Predictions({ pair }: { pair: Pick<SamplePair, "a" | "b"> }) {
  const outcome = outcomeOf(pair);
  const marked = OUTCOMES[outcome];
  return (
    <div class="pair-predictions">
      <Prediction side="a" card={pair.a} />
      <span aria-hidden="true">→</span>
      <Prediction side="b" card={pair.b} />
      {marked && (
        <span class="outcome" data-outcome={outcome}>
          <Icon name={marked.icon} />
          {marked.words}
        </span>
      )}
    </div>
  );
}

function Prediction({ side, card: { sample, record } }: { side: Side; card: Card }) {
  const right = isRight(sample);
  return (
    <span class="pair-prediction">
      <SideMark side={side} />
      <RightMark right={right} />
      {sample.predicted !== undefined && <ClassDot index={sample.predicted} />}
      <span class="predicted">{className(record.classes, sample.predicted)}</span>
      <span class="quiet">{percent(sample.probability)}</span>
    </span>
  );
}

function MapPairTiles({ sample, pair }: { sample: string; pair: MapPair }) {
  const { series, a, b } = pair;
  const name = seriesNames.value(series.a.series);
  const open = () => {
    openPair.value = { sample, series: series.key };
  };
  return (
    <figure class="map-pair" data-testid="map-pair" data-tag={series.a.series.tag} data-kind={series.a.series.kind}>
      <button type="button" class="map-pair-open" onClick={open}>
        <span class="visually-hidden">Enlarge {name} </span>
        <SidePicture side="a" pair={pair} longest={LONGEST} shownAt={tileSize.value} />
        <SidePicture side="b" pair={pair} longest={LONGEST} shownAt={tileSize.value} />
        {differs(pair) ? <DifferencePicture pair={pair} longest={LONGEST} /> : <NoDifference pair={pair} />}
      </button>
      <figcaption>
        <span class="tile-name" title={series.a.series.description || series.a.series.tag}>
          {name}
        </span>
        <span class="tile-target">
          <span class="class-name">{subjectOf(a.target && b.target ? pair : null)}</span>
          {differs(pair) && <LikenessText pair={pair} />}
        </span>
      </figcaption>
    </figure>
  );
}

/** In place of a difference: what else there is to say. */
function NoDifference({ pair }: { pair: MapPair }) {
  return (
    <span class="side-picture no-difference">
      <LikenessText pair={pair} />
    </span>
  );
}

/** The class that both maps explain. */
export function subjectOf(pair: MapPair | null): string {
  if (!pair?.a.target || !pair.b.target) return "";
  const { record } = pair.b.explanation;
  if (!record.classDependent) return "";
  const [inA, inB] = [pair.a.target.classIndex, pair.b.target.classIndex];
  const nameInB = className(record.classes, inB);
  return sameSubject(pair)
    ? `for ${nameInB}`
    : `A for ${className(pair.a.explanation.record.classes, inA)}, B for ${nameInB}`;
}
