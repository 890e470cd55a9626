/** The four errors of reconstructions: of this sample, beside those of all right and all wrong ones of the step. */
import { ERRORS, errorText } from "../../../data/errors.ts";
import { cardsOf, type Explanation } from "../cards.ts";
import { averaged, byOutcome, type Column, ENOUGH } from "./errors.ts";

type Props = {
  explanation: Explanation;
  /** Pixels or voxels of the input; 0: not known. */
  places: number;
  /** What they are called. */
  unit: "pixel" | "voxel";
};

export function ErrorTable({ explanation, places, unit }: Props) {
  const own = averaged([explanation.sample.targets[0]?.figures ?? []]);
  if (own.errors.every((error) => error === undefined)) return null;
  const { right, wrong } = byOutcome(cardsOf([explanation.frame]));
  const columns = [right, wrong, own];
  const few = [right, wrong].some(({ count }) => count > 0 && count < ENOUGH);
  const perPlace = (error: number | undefined) => error !== undefined && places > 0 && errorText(error / places);
  return (
    <section class="error-table-section">
      <table class="error-table" data-testid="error-table">
        <caption>
          Squared differences, summed <span class="per-place">and per {unit}</span>
        </caption>
        <thead>
          <tr>
            <td />
            <Head name="right" column={right} />
            <Head name="wrong" column={wrong} />
            <th scope="col">this sample</th>
          </tr>
        </thead>
        <tbody>
          {ERRORS.map((name, i) => (
            <tr key={name} data-error={name}>
              <th scope="row">
                <abbr title={MEANINGS[name]}>E{i + 1}</abbr> {name.replace("–", " – ")}
              </th>
              {columns.map((column, c) => (
                <td key={HEADS[c]} data-column={HEADS[c]}>
                  <Value value={column.errors[i]} />
                  <span class="per-place">{perPlace(column.errors[i])}</span>
                </td>
              ))}
            </tr>
          ))}
          <tr data-error="ratio" class="error-ratio">
            <th scope="row">E4 / E1</th>
            {columns.map((column, c) => (
              <td key={HEADS[c]} data-column={HEADS[c]}>
                <Value value={column.ratio} />
              </td>
            ))}
          </tr>
        </tbody>
      </table>
      <p class="hint">
        A class alone reconstructs no sample well: the ratio is about as large where the model is right, so read both
        columns. It does not tell errors apart by itself.
        {few && <strong data-testid="too-few"> Fewer than {ENOUGH} samples are too few to read a rate from.</strong>}
      </p>
    </section>
  );
}

const HEADS = ["right", "wrong", "own"];

const MEANINGS: Record<(typeof ERRORS)[number], string> = {
  "input–reconstruction": "The input and its reconstruction from the layer that reconstructs best",
  "representative–class reconstruction":
    "The training sample that stands for the predicted class and its reconstruction from the class",
  "reconstruction–class reconstruction": "The input's reconstruction and that of the predicted class",
  "input–class reconstruction": "The input and the reconstruction of the predicted class",
};

function Head({ name, column: { count } }: { name: string; column: Column }) {
  return (
    <th scope="col" title={`Mean over the samples of this step that the model got ${name}`}>
      {name} <span class="per-place">{count}</span>
    </th>
  );
}

function Value({ value }: { value: number | undefined }) {
  return <span class="error-value">{value === undefined ? "–" : errorText(value)}</span>;
}
