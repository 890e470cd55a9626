/** How much a channel responds to the images of each class on average. */
import { useSignal } from "@preact/signals";
import { numberAt } from "../../data/columns.ts";
import { className } from "../../state/class_names.ts";
import { lookAt } from "../../state/columns.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { compact } from "../explanations/format.ts";
import { useKept } from "./kept.ts";

const SHOWN = 10;

export function ClassMeans({ half, channel }: { half: PaneFrame; channel: number }) {
  const { layer, pane } = half;
  const column = layer.classMeans?.value;
  const all = useSignal(false);
  const stored = useKept(lookAt(pane.run, column), `${pane.run} ${pane.layer} ${column?.shape}`);
  if (!column) return null;
  if (!stored)
    return (
      <>
        <h4>By class</h4>
        {stored === null && <p class="notice">The means of classes cannot be read.</p>}
      </>
    );
  const classes = column.shape[1] as number;
  const ranked = Array.from({ length: classes }, (_, index) => ({
    index,
    mean: numberAt(column, stored, channel * classes + index),
  }))
    .filter(({ mean }) => Number.isFinite(mean))
    .sort((a, b) => b.mean - a.mean || a.index - b.index);
  const largest = Math.max(...ranked.map(({ mean }) => Math.abs(mean)), Number.MIN_VALUE);
  const shown = all.value ? ranked : ranked.slice(0, SHOWN);
  return (
    <>
      <h4>Mean response to each class</h4>
      <ul class="class-bars" data-testid="class-means">
        {shown.map(({ index, mean }) => (
          <li
            key={index}
            class="class-bar"
            data-quiet={mean <= 0 || undefined}
            style={{ "--share": Math.max(0, mean) / largest }}
          >
            <span class="class-name">
              <ClassDot index={index} /> {className(layer.classes, index)}
            </span>
            <span class="class-share">{compact(mean)}</span>
          </li>
        ))}
      </ul>
      {ranked.length > SHOWN && (
        <button
          type="button"
          class="text-button"
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {all.value ? "fewer" : `all ${ranked.length} classes`}
        </button>
      )}
    </>
  );
}
