/** Explores the weights of superpixels in a local model, LIME's or KernelSHAP's. */
import { useSignal } from "@preact/signals";
import type { SuperpixelDetail } from "../../../data/superpixels.ts";
import { Flag } from "../../../records/messages.ts";
import { isUncertain, ranked } from "../../../render/superpixels/choice.ts";
import { threshold } from "../../../state/appearance.ts";
import { labelMap } from "../../../state/label_maps.ts";
import { chosenOf } from "../../../state/paints.ts";
import { methodOf } from "../../../state/series.ts";
import { picked } from "../../../state/superpixels.ts";
import { Icon } from "../../../widgets/Icon.tsx";
import { Ranking } from "../../../widgets/Ranking.tsx";
import { Slider } from "../../../widgets/Slider.tsx";
import type { DetailProps } from "../details.ts";
import { compact, withError } from "../format.ts";
import { Caption } from "../LargePicture.tsx";
import { rangeFor } from "../sections.ts";
import { Controls } from "./Controls.tsx";
import { panelStyle, SuperpixelPicture } from "./SuperpixelPicture.tsx";
import { WeightBar } from "./WeightBar.tsx";

export function SuperpixelPanel({ explanation, target }: DetailProps) {
  const pointed = useSignal<number | null>(null);
  const { detail } = target;
  if (detail.kind !== "SUPERPIXELS") return null;

  const { map } = detail;
  const { series } = explanation.frame;
  const labels = labelMap(series.run, map.segments);
  const count = Math.min(map.weights.length, labels?.count ?? map.weights.length);
  const range = rangeFor(map, methodOf(series));
  const chosen = chosenOf(map, range);
  const largest = Math.max(Math.abs(range.low), Math.abs(range.high));
  const weightOf = (i: number) => map.weights[i] ?? 0;
  return (
    <div class="superpixel-panel" data-testid="superpixel-panel" style={panelStyle(explanation)}>
      <figure class="large">
        <SuperpixelPicture
          explanation={explanation}
          target={target}
          map={map}
          labels={labels}
          highlighted={pointed.value === null ? [] : [pointed.value]}
          pointed={pointed}
        />
        <Caption explanation={explanation} target={target} />
      </figure>
      <div class="panel-side">
        <Fit detail={detail} poor={(target.flags & Flag.POOR_FIT) !== 0} />
        <div class="panel-controls">
          <Controls count={count} place="panel">
            <Slider
              label="Weight at least"
              value={threshold}
              min={0}
              max={1}
              step={0.01}
              testId="weight-threshold"
              format={(share) => compact(share * largest)}
            />
          </Controls>
        </div>
        <h3 class="panel-heading">
          <span>Superpixels by weight</span>
          {map.errors && <span>± standard error</span>}
        </h3>
        <Ranking
          label="Superpixels by weight"
          items={ranked(map.weights).filter((i) => i < count)}
          keyOf={String}
          highlighted={new Set(pointed.value === null ? [] : [String(pointed.value)])}
          picked={picked.value === null ? null : String(picked.value)}
          onHighlight={(i) => {
            pointed.value = i;
          }}
          onPick={(i) => {
            picked.value = picked.value === i ? null : i;
          }}
          testId="weights"
          row={(i) => (
            <span class="weight-row" data-shown={chosen[i] || undefined} data-superpixel={i}>
              <span class="superpixel-number">{i}</span>
              <WeightBar value={weightOf(i)} largest={largest} uncertain={isUncertain(weightOf(i), map.errors?.[i])} />
              <span class="weight-value">{withError(weightOf(i), map.errors?.[i])}</span>
            </span>
          )}
        />
        {map.errors && (
          <p class="hint">
            <span class="stripes" aria-hidden="true" /> Striped: less than two standard errors from zero.
          </p>
        )}
      </div>
    </div>
  );
}

/** How well the local model stands for the real one. */
function Fit({ detail: { r2, intercept, forwards }, poor }: { detail: SuperpixelDetail; poor: boolean }) {
  if (r2 === undefined && intercept === undefined && forwards === 0 && !poor) return null;
  return (
    <p class="fit" data-testid="fit" data-poor={poor || undefined}>
      {r2 !== undefined && (
        <span title="How much of what the model did on the masked images its local linear stand-in explains; 1: all of it">
          R² <strong>{r2.toFixed(2)}</strong>
        </span>
      )}
      {poor && (
        <span class="fit-poor">
          <Icon name="warning" /> poor fit: these weights say little
        </span>
      )}
      {intercept !== undefined && (
        <span title="The local model's score with all superpixels hidden">intercept {compact(intercept)}</span>
      )}
      {forwards > 0 && <span title="How often the model ran for this sample">{forwards} forwards</span>}
    </p>
  );
}
