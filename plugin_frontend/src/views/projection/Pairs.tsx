/** The pairs of classes that are confused most easily; one that is clicked is shown alone, with what lies between. */
import { useSignal } from "@preact/signals";
import type { ClassDistances, ClassPair } from "../../data/projections.ts";
import { className } from "../../state/class_names.ts";
import type { Points } from "../../state/projection_frame.ts";
import { chosenPair, togglePair } from "../../state/projections.ts";
import { compact } from "../explanations/format.ts";
import { pin } from "./rows.ts";
import { Thumbnail } from "./Thumbnail.tsx";

type Key = "separability" | "distance" | "neighbours" | "confusions";

/** Whether the most confusable have the largest values. */
const COLUMNS: [Key, title: string, sentence: string, descending: boolean][] = [
  ["separability", "Sep.", "Distance of the centroids over the sum of both spreads: small, easily confused", false],
  ["distance", "Dist.", "Cosine distance of the centroids", false],
  ["neighbours", "kNN", "Share of nearest neighbours that are of the other class", true],
  ["confusions", "Conf.", "Rows of either class that are taken for the other", true],
];

const LISTED = 40;

export function Pairs({ points, distances }: { points: Points; distances: ClassDistances }) {
  const key = useSignal<Key>("separability");
  const reversed = useSignal(false);
  const descending = (COLUMNS.find(([name]) => name === key.value)?.[3] ?? false) !== reversed.value;
  const sorted = distances.pairs.toSorted((a, b) => (descending ? -1 : 1) * (a[key.value] - b[key.value]));
  const { classes } = points.header;
  const chosen = chosenPair.value;
  const isChosen = ({ first, second }: ClassPair) => chosen?.first === first && chosen.second === second;
  const current = distances.pairs.find(isChosen);
  if (sorted.length === 0) return <p class="hint">No pairs were logged.</p>;
  return (
    <section class="pairs" aria-label="Pairs of classes">
      <h4>Most confusable</h4>
      {current && <Between points={points} pair={current} />}
      <table data-testid="pairs">
        <thead>
          <tr>
            <th scope="col">Classes</th>
            {COLUMNS.map(([name, title, sentence, falling]) => (
              <th
                key={name}
                scope="col"
                aria-sort={key.value !== name ? "none" : descending ? "descending" : "ascending"}
              >
                <button
                  type="button"
                  title={sentence}
                  onClick={() => {
                    reversed.value = key.value === name && !reversed.value;
                    key.value = name;
                  }}
                >
                  {title}
                  <span aria-hidden="true">{key.value !== name ? "" : falling !== reversed.value ? " ↓" : " ↑"}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, LISTED).map((pair) => (
            <tr key={`${pair.first} ${pair.second}`} data-testid="pair" data-chosen={isChosen(pair) || undefined}>
              <th scope="row">
                <button
                  type="button"
                  class="row-button"
                  aria-pressed={isChosen(pair)}
                  title="Show these two alone, and light what lies between them"
                  onClick={() => togglePair({ first: pair.first, second: pair.second })}
                >
                  {className(classes, pair.first)} – {className(classes, pair.second)}
                </button>
              </th>
              <td class="number">{compact(pair.separability)}</td>
              <td class="number">{compact(pair.distance)}</td>
              <td class="number">{Math.round(100 * pair.neighbours)}%</td>
              <td class="number">{pair.confusions}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > LISTED && (
        <p class="hint">
          The first {LISTED} of {sorted.length} pairs.
        </p>
      )}
    </section>
  );
}

/** Images that lie between the two classes. */
function Between({ points, pair }: { points: Points; pair: ClassPair }) {
  if (pair.rows.length === 0) return null;
  const { classes } = points.header;
  return (
    <div class="between" data-testid="between">
      <p class="hint">
        Between {className(classes, pair.first)} and {className(classes, pair.second)}:
      </p>
      {pair.rows.map((row) => (
        <button key={row} type="button" title={`Pin row ${row}`} data-row={row} onClick={() => pin(points, row)}>
          <Thumbnail points={points} row={row} side={44} />
          {!points.header.thumbnails && row}
        </button>
      ))}
    </div>
  );
}
