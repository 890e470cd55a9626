/** What the network has kept of a sample: reconstructions from each layer and from the class, their errors, and response fields. */
import { errorText } from "../../../data/errors.ts";
import { className } from "../../../state/class_names.ts";
import { chosenReconstruction, showDifference } from "../../../state/reconstructions.ts";
import { volume } from "../../../state/volumes.ts";
import type { DetailProps } from "../details.ts";
import { Compared, differenceColours, STRONGEST } from "./Compared.tsx";
import { ErrorTable } from "./ErrorTable.tsx";
import { Fields } from "./Fields.tsx";
import { chosenOf, type Item, itemsOf } from "./items.ts";
import { ReconstructionStrip } from "./ReconstructionStrip.tsx";
import { Representative } from "./Representative.tsx";

const LARGE = 320;
const SMALL = 104;

export function ReconstructionPanel({ explanation, target }: DetailProps) {
  const { detail } = target;
  if (detail.kind !== "RECONSTRUCTIONS") return null;
  const { record, frame } = explanation;
  const { run } = frame.series;
  const chosen = chosenOf(detail, chosenReconstruction.value);
  const item = itemsOf(detail)[chosen] as Item;
  const voxels = detail.input.volume ? volume(run, detail.input.volume) : undefined;
  const places = detail.input.volume ? (voxels?.voxels.length ?? 0) : record.height * record.width;
  return (
    <div class="reconstruction-panel" data-testid="reconstruction-panel">
      <div class="reconstruction-top">
        <figure class="reconstruction-stage" style={{ "--side": `${LARGE}px` }}>
          <Compared run={run} input={detail.input} picture={item.picture} label={labelOf(item)} side={LARGE} complete />
          <figcaption>
            <strong>{item.title}</strong> {item.says}
            {item.error !== undefined && ` Squared difference ${errorText(item.error)}.`}
          </figcaption>
        </figure>
        <div class="reconstruction-side">
          <div class="reconstruction-head">
            <h3>From the first layer to the last, and from the class</h3>
            <label class="check">
              <input
                type="checkbox"
                checked={showDifference.value}
                data-testid="difference-toggle"
                onChange={(event) => {
                  showDifference.value = event.currentTarget.checked;
                }}
              />
              Difference from the input
            </label>
          </div>
          <ReconstructionStrip
            explanation={explanation}
            side={SMALL}
            chosen={chosen}
            onChoose={(index) => {
              chosenReconstruction.value = index;
            }}
          />
          <DifferenceLegend voxels={detail.input.volume !== ""} />
          <ErrorTable explanation={explanation} places={places} unit={detail.input.volume ? "voxel" : "pixel"} />
          <Representative run={run} detail={detail} name={className(record.classes, target.classIndex)} side={SMALL} />
        </div>
      </div>
      <Fields explanation={explanation} detail={detail} />
    </div>
  );
}

function labelOf({ key, title }: Item): string {
  return key === "input" ? "Input" : `Reconstruction from ${title}`;
}

/** Always as high, so that nothing moves when it appears. */
function DifferenceLegend({ voxels }: { voxels: boolean }) {
  const { missing, added } = differenceColours();
  const swatch = (colour: number) => ({ background: `#${colour.toString(16).padStart(6, "0")}` });
  return (
    <p class="hint difference-legend" data-testid="difference-legend">
      {showDifference.value &&
        (voxels ? (
          <>
            <i style={swatch(missing)} /> missing <i style={swatch(added)} /> added
          </>
        ) : (
          `dark: alike; brightest: ${100 * STRONGEST}% of the range or more`
        ))}
    </p>
  );
}
