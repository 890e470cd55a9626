/** An enlarged picture whose superpixels can be pointed at and picked. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren, TargetedMouseEvent } from "preact";
import type { Target } from "../../../data/explained.ts";
import type { LabelMap } from "../../../data/label_maps.ts";
import type { SuperpixelMap } from "../../../data/maps.ts";
import { outlineOf } from "../../../render/superpixels/geometry.ts";
import { labelAt } from "../../../render/superpixels/nearest.ts";
import { picked } from "../../../state/superpixels.ts";
import { adoptStyles } from "../../../styles/adopt.ts";
import styles from "../../../styles/superpixels.css?inline";
import type { Explanation } from "../cards.ts";
import { withError } from "../format.ts";
import { LargePicture } from "../LargePicture.tsx";

adoptStyles(styles);

type Props = {
  explanation: Explanation;
  target: Target;
  map: SuperpixelMap;
  labels: LabelMap | null | undefined;
  /** Those with an outline, beside the picked one. */
  highlighted: readonly number[];
  /** The one under the pointer. */
  pointed: Signal<number | null>;
  children?: ComponentChildren;
};

/** Panels divide their width by the picture's proportions. */
export function panelStyle({ record }: Explanation) {
  return { "--ratio": record.width / record.height };
}

export function SuperpixelPicture({ explanation, target, map, labels, highlighted, pointed, children }: Props) {
  const labelUnder = (event: TargetedMouseEvent<HTMLElement>): number | null => {
    if (!labels) return null;
    const box = event.currentTarget.getBoundingClientRect();
    return labelAt(labels, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the list of superpixels does the same for the keyboard
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    <div
      class="superpixel-picture"
      data-testid="superpixel-picture"
      onPointerMove={(event) => {
        pointed.value = labelUnder(event);
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
      onClick={(event) => {
        const label = labelUnder(event);
        picked.value = label === picked.value ? null : label;
      }}
    >
      <LargePicture explanation={explanation} target={target} readout={false}>
        {labels && (
          <svg
            class="layer"
            viewBox={`0 0 ${labels.width} ${labels.height}`}
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            {highlighted.map((label) => (
              <Outline key={label} labels={labels} label={label} kind="highlighted" />
            ))}
            {picked.value !== null && <Outline labels={labels} label={picked.value} kind="picked" />}
          </svg>
        )}
        {children}
        {pointed.value !== null && (
          <span class="readout" data-testid="superpixel-readout">
            {pointed.value}: {withError(map.weights[pointed.value] ?? 0, map.errors?.[pointed.value])}
          </span>
        )}
      </LargePicture>
    </div>
  );
}

function Outline({ labels, label, kind }: { labels: LabelMap; label: number; kind: "highlighted" | "picked" }) {
  const path = outlineOf(labels, label);
  return (
    <g data-testid={`outline-${kind}`} data-superpixel={label}>
      <path class="outline-casing" d={path} />
      <path class={`outline outline-${kind}`} d={path} />
    </g>
  );
}
