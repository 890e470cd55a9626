/** Explores what superpixels contribute alone and two by two, as Ablation-CA finds it. */
import { batch, type Signal, useSignal } from "@preact/signals";
import type { CorrelationDetail } from "../../../data/correlations.ts";
import { labelMap } from "../../../state/label_maps.ts";
import { drawnPairs, picked, RELATIONS, relations } from "../../../state/superpixels.ts";
import { adoptStyles } from "../../../styles/adopt.ts";
import styles from "../../../styles/correlations.css?inline";
import { Ranking } from "../../../widgets/Ranking.tsx";
import { Segmented } from "../../../widgets/Segmented.tsx";
import { Slider } from "../../../widgets/Slider.tsx";
import type { DetailProps } from "../details.ts";
import { compact, withError } from "../format.ts";
import { Caption } from "../LargePicture.tsx";
import { Controls } from "../superpixels/Controls.tsx";
import { panelStyle, SuperpixelPicture } from "../superpixels/SuperpixelPicture.tsx";
import { BlockCounts } from "./BlockCounts.tsx";
import { PairLines } from "./PairLines.tsx";
import { PairList } from "./PairList.tsx";
import { interfering, keyOf, pairsWith, type RankedPair } from "./relations.ts";

adoptStyles(styles);

type View = (typeof RELATIONS)[number];

const TITLES: Record<View, string> = {
  pairs: "Pairs",
  groups: "Groups",
  interference: "Interference",
  blocks: "Block counts",
};

export function CorrelationPanel({ explanation, target }: DetailProps) {
  const pointed = useSignal<number | null>(null);
  const pointedPair = useSignal<RankedPair | null>(null);
  const pointedMembers = useSignal<readonly number[]>([]);
  const { detail } = target;
  if (detail.kind !== "CORRELATIONS") return null;

  const { map } = detail;
  const labels = labelMap(explanation.frame.series.run, map.segments);
  const count = Math.min(map.weights.length, labels?.count ?? map.weights.length);
  const largest = Math.max(0, ...detail.pairs.map(({ correlation }) => Math.abs(correlation)));
  const pairs = pairsWith(detail.pairs, picked.value);
  const views = viewsOf(detail);
  const view = views.find((name) => name === relations.value) ?? "pairs";
  const held = pointedPair.value;
  const pair = (held && pairs.find((other) => keyOf(other) === keyOf(held))) ?? null; // as it is at this step
  const drawn = view === "pairs" ? (picked.value === null ? pairs.slice(0, drawnPairs.value) : pairs) : [];
  const lines = pair && !drawn.some((other) => keyOf(other) === keyOf(pair)) ? [...drawn, pair] : drawn;
  return (
    <div class="superpixel-panel" data-testid="correlation-panel" style={panelStyle(explanation)}>
      <figure class="large">
        <SuperpixelPicture
          explanation={explanation}
          target={target}
          map={map}
          labels={labels}
          highlighted={pair ? [pair.first, pair.second] : [...pointedMembers.value, ...numbers(pointed.value)]}
          pointed={pointed}
        >
          {labels && (
            <PairLines
              labels={labels}
              pairs={lines}
              largest={largest}
              highlighted={pair && keyOf(pair)}
              onHighlight={(pair) => {
                pointedPair.value = pair;
              }}
            />
          )}
        </SuperpixelPicture>
        <Caption explanation={explanation} target={target}>
          {detail.intact !== undefined && (
            <span title="The score with nothing ablated">
              {detail.score || "score"} {compact(detail.intact)}
            </span>
          )}
        </Caption>
      </figure>
      <div class="panel-side">
        <div class="panel-controls">
          <Controls count={count} place="panel">
            <PairSlider count={detail.pairs.length} />
          </Controls>
        </div>
        {views.length > 1 && (
          <Segmented
            label="Relations"
            value={view}
            options={views.map((name) => [name, TITLES[name]])}
            testId="relations"
            onChange={(value) => {
              batch(() => {
                relations.value = value;
                pointedPair.value = null;
                pointedMembers.value = [];
              });
            }}
          />
        )}
        {view === "pairs" && (
          <PairList
            detail={detail}
            pairs={pairs}
            largest={largest}
            pointed={pair}
            onPoint={(pair) => {
              pointedPair.value = pair;
            }}
          />
        )}
        {view === "groups" && <Groups detail={detail} members={pointedMembers} />}
        {view === "interference" && <Interference detail={detail} members={pointedMembers} />}
        {view === "blocks" && <BlockCounts counts={detail.blockCounts} />}
      </div>
    </div>
  );
}

/** What there is to list. */
function viewsOf({ groups, blockCounts, map }: CorrelationDetail): View[] {
  const there: Record<View, boolean> = {
    pairs: true,
    groups: groups.length > 0,
    interference: interfering(map.weights).length > 0,
    blocks: blockCounts.length > 0,
  };
  return RELATIONS.filter((name) => there[name]);
}

function numbers(value: number | null): number[] {
  return value === null ? [] : [value];
}

function PairSlider({ count }: { count: number }) {
  const shown = {
    get value() {
      return Math.min(count, drawnPairs.value);
    },
    set value(asked: number) {
      drawnPairs.value = asked;
    },
  };
  return (
    <Slider
      label="Pairs drawn"
      value={shown}
      min={0}
      max={count}
      step={1}
      testId="drawn-pairs"
      format={(n) => `${n} of ${count}`}
    />
  );
}

type MembersProps = { detail: CorrelationDetail; members: Signal<readonly number[]> };

function Groups({ detail: { groups }, members }: MembersProps) {
  const keyOfGroup = (superpixels: readonly number[]) => superpixels.join("-");
  return (
    <>
      <Ranking
        label="Groups of superpixels"
        items={groups}
        keyOf={({ superpixels }) => keyOfGroup(superpixels)}
        highlighted={new Set([keyOfGroup(members.value)])}
        picked={null}
        onHighlight={(group) => {
          members.value = group?.superpixels ?? [];
        }}
        onPick={() => {}}
        testId="groups-list"
        row={({ superpixels, correlation }) => (
          <span class="group-row">
            <span>{superpixels.join(" + ")}</span>
            <span class="weight-value">{compact(correlation)}</span>
          </span>
        )}
      />
      <p class="hint">Their correlation: what the score loses without each, summed, less what it loses without all.</p>
    </>
  );
}

function Interference({ detail: { map }, members }: MembersProps) {
  return (
    <>
      <Ranking
        label="Superpixels that interfere"
        items={interfering(map.weights)}
        keyOf={String}
        highlighted={new Set(members.value.map(String))}
        picked={picked.value === null ? null : String(picked.value)}
        onHighlight={(label) => {
          members.value = numbers(label);
        }}
        onPick={(label) => {
          picked.value = picked.value === label ? null : label;
        }}
        testId="interference-list"
        row={(label) => (
          <span class="group-row">
            <span>without {label} the score rises by</span>
            <span class="weight-value">{withError(-(map.weights[label] as number), map.errors?.[label])}</span>
          </span>
        )}
      />
      <p class="hint">Superpixels whose removal raises the score by more than 0.02.</p>
    </>
  );
}
