/** The parts of real images to which a channel responds most. */
import { numberAt, UNKNOWN } from "../../data/columns.ts";
import { className } from "../../state/class_names.ts";
import { lookAt } from "../../state/columns.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { imageChoice, openChannel } from "../../state/features.ts";
import { loggedProjections } from "../../state/projections.ts";
import { select } from "../../state/selection.ts";
import { view } from "../../state/view.ts";
import { SheetTile } from "../../widgets/SheetTile.tsx";
import { compact } from "../explanations/format.ts";
import { useKept } from "./kept.ts";

const SIDE = 84;

export function TopPatches({ half, channel }: { half: PaneFrame; channel: number }) {
  const { layer, pane } = half;
  const tops = layer.tops?.value;
  const subject = `${pane.run} ${pane.layer}`;
  const values = useKept(lookAt(pane.run, tops?.values), subject);
  const ids = useKept(lookAt(pane.run, tops?.ids), subject);
  const labels = useKept(lookAt(pane.run, tops?.labels), subject);
  const boxes = useKept(lookAt(pane.run, tops?.boxes), subject);
  if (!tops) return null;
  const patches = Array.from({ length: tops.count }, (_, i) => channel * tops.count + i).filter(
    (at) => !values || !Number.isNaN(values[at] as number),
  );
  const rows = patches.flatMap((at) => (ids && tops.ids && numberAt(tops.ids, ids, at)) || []);
  const projected = loggedProjections.value.some(({ run }) => run === pane.run);
  return (
    <>
      <h4>What it responds to most</h4>
      {values === null && <p class="notice">The responses cannot be read.</p>}
      {patches.length === 0 && <p class="hint">It responds to nothing.</p>}
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
      <ul class="top-patches" role="list" data-testid="patches">
        {patches.map((at) => {
          const label = labels?.[at];
          const id = ids && tops.ids ? numberAt(tops.ids, ids, at) : 0;
          const logged = layer.maps?.value.images.find(({ row }) => row !== 0 && row === id);
          const name = label === undefined || label === UNKNOWN ? "" : className(layer.classes, label);
          return (
            <li key={at} data-testid="patch" title={placeOf(boxes as Int32Array | null, tops.bounds, at)}>
              <span class="patch-frame">
                {tops.pictures ? (
                  <SheetTile
                    run={pane.run}
                    sheets={tops.pictures}
                    index={at}
                    label={`Patch${name && ` of ${name}`}`}
                    side={SIDE}
                  />
                ) : (
                  <span class="picture-none">no picture</span>
                )}
              </span>
              <span class="patch-label">{name}</span>
              <span class="patch-distance">{values ? compact(values[at] as number) : ""}</span>
              {logged && (
                <button
                  type="button"
                  class="text-button"
                  data-testid="patch-image"
                  title="Show its map over the whole image"
                  onClick={() => {
                    imageChoice.value = logged.id;
                  }}
                >
                  whole image
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {projected && rows.length > 0 && (
        <button
          type="button"
          class="text-button"
          data-testid="to-projection"
          title="Select these images, in all views"
          onClick={() => {
            select(rows);
            openChannel.value = null;
            view.value = "projection";
          }}
        >
          where these images lie among all
        </button>
      )}
    </>
  );
}

function placeOf(boxes: Int32Array | null | undefined, bounds: number, at: number): string {
  if (!boxes || bounds === 0) return "";
  const axes = bounds / 2;
  const box = Array.from(boxes.subarray(at * bounds, (at + 1) * bounds));
  return `Pixels ${box
    .slice(0, axes)
    .map((start, axis) => `${start}–${box[axes + axis]}`)
    .join(" × ")}`;
}
