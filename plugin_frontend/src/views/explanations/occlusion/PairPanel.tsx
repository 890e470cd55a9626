/** Two windows hidden at once, to explore: hold one, move the other, and see whether the model needs what both hide together. */
import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { WindowPairs } from "../../../data/occlusion_pairs.ts";
import { nearestWindow } from "../../../data/windows.ts";
import { pairView } from "../../../state/occlusion.ts";
import type { DetailProps } from "../details.ts";
import { PairViewChoice } from "./MapChoices.tsx";
import { Fact, Readings } from "./Readings.tsx";
import { centreOf, Patch, type Point, Stage } from "./Stage.tsx";
import { dropText, relation } from "./words.ts";

export function PairPanel({ explanation, target }: DetailProps) {
  const held = useSignal<Point | null>(null);
  const moved = useSignal<Point | null>(null);
  const dragging = useSignal(false); // the held window
  const takesFocus = useRef(false); // the next window to appear, since what had the focus goes
  const { detail } = target;
  const pairs = detail.kind === "OCCLUSION_PAIRS" ? detail.pairs : undefined;
  const p = held.value && pairs ? nearestWindow(pairs.held, held.value.y, held.value.x) : undefined;
  const view = pairView.value;
  const map = useMemo(() => (p === undefined ? pairs?.overview[view] : pairs?.mapOver(p, view)), [pairs, p, view]);
  if (detail.kind !== "OCCLUSION_PAIRS" || !pairs || !map) return null;

  const { height, width } = explanation.record;
  const { y, x } = moved.value ?? { y: height / 2, x: width / 2 };
  const q = nearestWindow(p === undefined ? pairs.held : pairs.moved, y, x);
  const hold = (at: Point) => {
    held.value = at;
  };
  const holdByKey = () => {
    takesFocus.current = true;
    hold(centreOf(pairs.held, q));
  };
  const move = (to: Point) => {
    if (dragging.value) held.value = to;
    else moved.value = to;
  };
  const release = () => {
    takesFocus.current = true;
    held.value = null;
  };

  return (
    <div class="occlusion" data-testid="pairs" style={{ "--ratio": width / height }}>
      <Stage
        explanation={explanation}
        target={target}
        map={map}
        onPoint={move}
        onPress={(at) => {
          takesFocus.current = false;
          if (p === undefined) hold(at);
          else dragging.value = covers(pairs, p, at);
        }}
        onRelease={() => {
          dragging.value = false;
        }}
      >
        {p === undefined ? (
          <Patch
            name="Window to hold; Enter holds it"
            windows={pairs.held}
            at={q}
            height={height}
            width={width}
            look="outline"
            letter="A"
            testId="candidate"
            onMove={move}
            onActivate={holdByKey}
            focused={takesFocus.current}
          />
        ) : (
          <>
            <Patch
              name="Held window A"
              windows={pairs.held}
              at={p}
              height={height}
              width={width}
              look="hidden"
              letter="A"
              testId="held"
              onMove={hold}
            />
            <Patch
              name="Moved window B"
              windows={pairs.moved}
              at={q}
              height={height}
              width={width}
              look="hidden"
              letter="B"
              testId="moved"
              focused={takesFocus.current}
              onMove={(to) => {
                moved.value = to;
              }}
            />
          </>
        )}
      </Stage>
      <div class="occlusion-side">
        <PairViewChoice />
        {p === undefined ? (
          <>
            <dl class="readings">
              <Fact name={view === "joint" ? "Mean joint drop of A" : "Mean interaction of A"} testId="mean">
                {dropText(detail.score, pairs.mean(q, view))}
              </Fact>
            </dl>
            <p class="hint">
              Each place shows its mean over all second windows{view === "interaction" && " that do not overlap it"}.
              Click to hold the first window there, then move the second.
            </p>
          </>
        ) : (
          <>
            <PairReadings pairs={pairs} score={detail.score} intact={detail.intact} p={p} q={q} />
            <p class="hint">The map shows the second window, B, while A is held. Drag either, or use the arrow keys.</p>
            <button type="button" class="text-button" data-testid="release" onClick={release}>
              Release A
            </button>
          </>
        )}
      </div>
    </div>
  );
}

type ReadingsProps = { pairs: WindowPairs; score: string; intact: number; p: number; q: number };

function PairReadings({ pairs, score, intact, p, q }: ReadingsProps) {
  const first = pairs.heldDrop(p);
  const second = pairs.movedDrop(q);
  const joint = pairs.over(p, "joint")[q] as number;
  const interaction = pairs.over(p, "interaction")[q] as number;
  const lowest = intact - Math.max(0, first, second, joint);
  const highest = intact - Math.min(0, first, second, joint);
  const { name, sentence } = relation(score, interaction);
  return (
    <>
      <Readings
        score={score}
        low={Math.min(0, lowest)}
        high={Math.max(0, highest)}
        readings={[
          { name: "Nothing hidden", score: intact, testId: "intact" },
          { name: "A hidden", score: intact - first, testId: "hidden-a" },
          { name: "B hidden", score: intact - second, testId: "hidden-b" },
          { name: "A and B hidden", score: intact - joint, testId: "hidden-both" },
        ]}
      >
        <Fact name="Drop by A" testId="drop-a">
          {dropText(score, first)}
        </Fact>
        <Fact name="Drop by B" testId="drop-b">
          {dropText(score, second)}
        </Fact>
        <Fact name="Joint drop J" testId="joint">
          {dropText(score, joint)}
        </Fact>
        {pairs.overlap(p, q) ? (
          <Fact name="Interaction A + B − J">
            <span class="quiet">the windows overlap</span>
          </Fact>
        ) : (
          <Fact name="Interaction A + B − J" testId="interaction">
            {dropText(score, interaction)}
          </Fact>
        )}
      </Readings>
      {!pairs.overlap(p, q) && Number.isFinite(interaction) && (
        <p class="relation" data-testid="relation">
          <strong>{name}.</strong> {sentence}
        </p>
      )}
    </>
  );
}

function covers({ held }: WindowPairs, p: number, { y, x }: Point): boolean {
  const top = held.tops[p] as number;
  const left = held.lefts[p] as number;
  return y >= top && y < top + held.height && x >= left && x < left + held.width;
}
