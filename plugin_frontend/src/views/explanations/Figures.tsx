/** Quality figures of a map: a few lines under a tile, all of them in the enlarged sample, each beside maps that know nothing. */
import type { Figure } from "../../data/explained.ts";
import {
  figureLabel,
  figureOrder,
  figureScale,
  figureSentence,
  figureText,
  noBetterThanRandom,
} from "../../data/figures.ts";
import { Icon } from "../../widgets/Icon.tsx";

const NO_BETTER = "No better than a random map.";

/** Those of `names` that the map has, in the order of `names`. */
export function FigureLines({ figures, names }: { figures: readonly Figure[]; names: readonly string[] }) {
  const shown = names.flatMap((name) => figures.find((figure) => figure.name === name) ?? []);
  if (shown.length === 0) return null;
  return (
    <dl class="figure-lines" data-testid="figures">
      {shown.map((figure) => (
        <div key={figure.name} class="figure-line" data-figure={figure.name} title={titleOf(figure)}>
          <dt>{figureLabel(figure.name)}</dt>
          <FigureBar figure={{ ...figure, centred: undefined }} />
          <dd>
            <Mark figure={figure} />
            {figureText(figure.name, figure.value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function FigureTable({ figures }: { figures: readonly Figure[] }) {
  const ordered = figureOrder(figures.map(({ name }) => name)).flatMap(
    (name) => figures.find((figure) => figure.name === name) ?? [],
  );
  if (ordered.length === 0) return null;
  const random = ordered.some((figure) => figure.random !== undefined);
  const centred = ordered.some((figure) => figure.centred !== undefined);
  return (
    <table class="figure-table" data-testid="figure-table">
      <thead>
        <tr>
          <th scope="col" class="visually-hidden">
            Figure
          </th>
          <td aria-hidden="true" />
          <th scope="col">map</th>
          {random && (
            <th scope="col" title="The same figure of a map of noise">
              <i class="bar-random" aria-hidden="true" /> random
            </th>
          )}
          {centred && (
            <th scope="col" title="The same figure of a Gaussian in the middle of the image">
              <i class="bar-centred" aria-hidden="true" /> centred
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {ordered.map((figure) => (
          <tr key={figure.name} data-figure={figure.name} title={titleOf(figure)}>
            <th scope="row" title={titleOf(figure)}>
              {figureLabel(figure.name)}
            </th>
            <td class="figure-bar-cell" aria-hidden="true">
              <FigureBar figure={figure} />
            </td>
            <td>
              <Mark figure={figure} />
              {figureText(figure.name, figure.value)}
            </td>
            {random && <td>{figureText(figure.name, figure.random)}</td>}
            {centred && <td>{figureText(figure.name, figure.centred)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function titleOf(figure: Figure): string {
  const { name, random, centred } = figure;
  const numbers = [
    random !== undefined && `random map ${figureText(name, random)}`,
    centred !== undefined && `centred Gaussian ${figureText(name, centred)}`,
  ].filter(Boolean);
  return [
    `${figureLabel(name)}: ${figureSentence(figure) || "a figure of the writer's own."}`,
    numbers.length > 0 && `Compare: ${numbers.join(", ")}.`,
    noBetterThanRandom(figure) && NO_BETTER,
  ]
    .filter(Boolean)
    .join("\n");
}

function Mark({ figure }: { figure: Figure }) {
  if (!noBetterThanRandom(figure)) return null;
  return (
    <span class="no-better" role="img" aria-label={NO_BETTER}>
      <Icon name="warning" />
    </span>
  );
}

/** The value from zero on, and marks where random and centred maps are. */
function FigureBar({ figure }: { figure: Figure }) {
  const scale = figureScale(figure);
  if (!scale) return <span />;
  const { low, high } = scale;
  const at = (value: number) => (100 * (value - low)) / (high - low);
  const mark = (value: number | undefined, name: string) =>
    value !== undefined && <span class={name} style={{ left: `${at(value)}%` }} />;
  const from = at(Math.min(0, figure.value));
  return (
    <span class="figure-bar" aria-hidden="true" data-no-better={noBetterThanRandom(figure) || undefined}>
      <span class="bar-value" style={{ left: `${from}%`, width: `${at(Math.max(0, figure.value)) - from}%` }} />
      {mark(figure.random, "bar-random")}
      {mark(figure.centred, "bar-centred")}
    </span>
  );
}
