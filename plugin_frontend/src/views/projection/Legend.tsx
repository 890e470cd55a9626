/** What the colours mean: categories, each of which can be shown alone or hidden, or the ends of a scale. */
import { useSignal } from "@preact/signals";
import { idAt } from "../../data/ids.ts";
import { gradient } from "../../render/heatmap/lut.ts";
import { colourMap } from "../../state/appearance.ts";
import {
  type Categories,
  categoryName,
  coloured,
  colouring,
  colouringTitle,
  colourOfCategory,
  MISSING,
  type Scale,
} from "../../state/projection_colours.ts";
import { type Points, projectionFrame } from "../../state/projection_frame.ts";
import {
  ALL,
  chosenPair,
  clearPair,
  isolate,
  isShown,
  named,
  shownCategories,
  toggleShown,
  wrongChoice,
} from "../../state/projections.ts";
import { select } from "../../state/selection.ts";
import { compact } from "../explanations/format.ts";
import { marksWrong, shownRows } from "./marks.ts";
import { activePoints } from "./rows.ts";

/** More are found by their names. */
const LISTED = 100;
const SEARCHED = 12;

export function Legend() {
  const points = activePoints();
  const found = points && coloured(points, colouring.value);
  if (!points || !found) return null;
  return (
    <section class="points-legend" aria-label="Legend" data-testid="points-legend">
      {found.kind === "categories" ? (
        <CategoryLegend points={points} found={found} />
      ) : (
        <ScaleLegend found={found} title={colouringTitle(colouring.value)} />
      )}
    </section>
  );
}

function ScaleLegend({ found: { low, high }, title }: { found: Scale; title: string }) {
  return (
    <div class="legend">
      <h3>{title}</h3>
      <div class="legend-colours" style={{ background: gradient(colourMap.value) }} />
      <div class="legend-ends">
        <span>{compact(low)}</span>
        <span>{compact(high)}</span>
      </div>
    </div>
  );
}

function CategoryLegend({ points, found: { count, counts } }: { points: Points; found: Categories }) {
  const search = useSignal("");
  const by = colouring.value;
  const nameOf = (code: number) => (code === count ? "unknown" : categoryName(by, points.header, code));
  const wanted = search.value.trim().toLowerCase();
  const present = Array.from(counts, (rows, code) => ({ code, rows, name: nameOf(code) })).filter(
    ({ rows }) => rows > 0,
  );
  const matching = wanted ? present.filter(({ name }) => name.toLowerCase().includes(wanted)) : present;
  const hidden = present.filter(({ code }) => !isShown(code)).length;
  return (
    <>
      <header>
        <h3>{colouringTitle(by)}</h3>
        <span class="hint">
          {hidden ? `${present.length - hidden} of ${present.length} shown` : `${present.length}`}
        </span>
        <span class="spacer" />
        {(shownCategories.value !== ALL || chosenPair.value) && (
          <button type="button" class="text-button" data-testid="show-all" onClick={clearPair}>
            Show all
          </button>
        )}
        <button
          type="button"
          class="text-button"
          title="Select all points that are shown"
          data-testid="select-shown"
          onClick={selectShown}
        >
          Select
        </button>
      </header>
      {present.length > SEARCHED && (
        <input
          type="search"
          class="legend-search"
          placeholder={`Find one of ${present.length}`}
          aria-label="Find a category"
          data-testid="legend-search"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      )}
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
      <ul role="list" class="legend-list">
        {matching.slice(0, LISTED).map(({ code, rows, name }) => (
          <li key={code} data-testid="legend-item" data-code={code} data-hidden={!isShown(code) || undefined}>
            <input
              type="checkbox"
              aria-label={`Show ${name}`}
              checked={isShown(code)}
              onChange={() => toggleShown(code)}
            />
            <button
              type="button"
              title={`${name}: click to show it alone, Ctrl-click to hide it`}
              onClick={(event) => (event.ctrlKey || event.metaKey ? toggleShown(code) : isolate(code))}
            >
              <span
                class="swatch"
                data-wrong={(by === "outcome" && code === 1) || undefined}
                style={{ background: code === count ? MISSING : colourOfCategory(by, code) }}
              />
              <span class="legend-name">{name}</span>
              <span class="legend-rows">{rows.toLocaleString("en")}</span>
            </button>
          </li>
        ))}
      </ul>
      {matching.length > LISTED && <p class="hint">{matching.length - LISTED} more: search for their names.</p>}
      {matching.length === 0 && <p class="hint">No name contains this.</p>}
      {points.header.labels && points.header.predicted && (
        <label class="check">
          <input
            type="checkbox"
            data-testid="mark-wrong"
            checked={marksWrong(points)}
            onChange={(event) => {
              wrongChoice.value = event.currentTarget.checked;
            }}
          />
          <span class="wrong-mark" /> marks wrong predictions
        </label>
      )}
      {by !== "outcome" && points.header.dims === 2 && (
        <label class="check">
          <input
            type="checkbox"
            data-testid="names"
            checked={named.value}
            onChange={(event) => {
              named.value = event.currentTarget.checked;
            }}
          />
          names where the points are
        </label>
      )}
    </>
  );
}

/** For those who use no pointer: what the legend leaves, of all runs. */
function selectShown(): void {
  const ids: number[] = [];
  for (const { points } of projectionFrame.value?.runs ?? []) {
    if (!points) continue;
    const shown = shownRows(points);
    for (let row = 0; row < points.header.rows; row++) if (shown(row)) ids.push(idAt(points.ids, row));
  }
  select(ids);
}
