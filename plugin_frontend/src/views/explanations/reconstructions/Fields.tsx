/** Response fields: what one position of a layer stands for, and how much of the layer it takes to reconstruct it. */
import { useSignal } from "@preact/signals";
import type { ReconstructionDetail, ResponseField } from "../../../data/reconstructions.ts";
import { chosenField } from "../../../state/reconstructions.ts";
import { titleOfLayer } from "../../../state/series.ts";
import { Ranking } from "../../../widgets/Ranking.tsx";
import type { Explanation } from "../cards.ts";
import { StoredPicture } from "../StoredPicture.tsx";
import { LayerGrid } from "./LayerGrid.tsx";

const LARGE = 184;
const CROP = 120;

const CROPS = [
  ["input", "input"],
  ["alone", "from this position"],
  ["field", "from its response field"],
  ["whole", "from the whole layer"],
] as const satisfies readonly (readonly [keyof ResponseField, string])[];

type Props = { explanation: Explanation; detail: ReconstructionDetail };

export function Fields({ explanation, detail: { input, fields } }: Props) {
  const { record, frame } = explanation;
  const { run } = frame.series;
  const pointed = useSignal<ResponseField | null>(null);
  const chosen = fields[chosenField.value] ?? fields[0];
  const field = fields.find((candidate) => candidate === pointed.value) ?? chosen;
  if (!field || !chosen) return null;
  const keyOf = (item: ResponseField) => String(fields.indexOf(item));
  return (
    <section class="fields" data-testid="fields">
      <h3>Response fields</h3>
      <div class="fields-body">
        <Ranking
          label="Positions"
          items={fields}
          keyOf={keyOf}
          highlighted={new Set([keyOf(field)])}
          picked={keyOf(chosen)}
          onHighlight={(item) => {
            pointed.value = item;
          }}
          onPick={(item) => {
            chosenField.value = fields.indexOf(item);
          }}
          row={({ layer, position }) => (
            <span class="field-row">
              <span>{titleOfLayer(layer)}</span>
              <span>{position.join(", ")}</span>
            </span>
          )}
          testId="field-list"
        />
        <figure style={{ width: `${LARGE}px` }}>
          <StoredPicture run={run} picture={input} label="Input with the receptive field" side={LARGE} part={field}>
            <ReceptiveField field={field} height={record.height} width={record.width} />
          </StoredPicture>
          <figcaption>sees {extents(field.starts, field.stops)} of the input</figcaption>
        </figure>
        <figure style={{ width: `${LARGE}px` }}>
          <LayerGrid field={field} />
          <figcaption>
            field {extents(field.fieldStarts, field.fieldStops)} of {field.positions.join(" × ")}
          </figcaption>
        </figure>
        <ul class="reconstruction-strip crops" style={{ "--side": `${CROP}px` }} data-testid="crops">
          {CROPS.map(([name, title]) => (
            <li key={name} class="reconstruction" data-crop={name}>
              <StoredPicture run={run} picture={field[name]} label={`Receptive field, ${title}`} side={CROP} />
              <span class="reconstruction-caption">{title}</span>
            </li>
          ))}
        </ul>
      </div>
      <p class="hint">
        A position decoded alone is wrong, since its neighbours see parts of the same place. Together with all of them,
        its response field, it gives what the whole layer gives there.
      </p>
    </section>
  );
}

function extents(starts: readonly number[], stops: readonly number[]): string {
  return stops.map((stop, axis) => stop - (starts[axis] ?? 0)).join(" × ");
}

/** On an image, which lies in the middle of a square. */
function ReceptiveField({
  field: { starts, stops },
  height,
  width,
}: {
  field: ResponseField;
  height: number;
  width: number;
}) {
  const [top = 0, left = 0] = starts;
  const [bottom = height, right = width] = stops;
  const longest = Math.max(height, width);
  return (
    <svg
      class="layer"
      viewBox={`${(width - longest) / 2} ${(height - longest) / 2} ${longest} ${longest}`}
      aria-hidden="true"
    >
      <rect class="part-casing" x={left} y={top} width={right - left} height={bottom - top} />
      <rect
        class="part-frame"
        x={left}
        y={top}
        width={right - left}
        height={bottom - top}
        data-testid="receptive-field"
      />
    </svg>
  );
}
