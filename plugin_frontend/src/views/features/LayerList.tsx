/** The layers at the left, in the order of the network. */

import { featureLayers, layerChoice, layerFilter, mainPane } from "../../state/features.ts";
import { compileFilter, matching } from "../../state/filter.ts";
import { titleOfLayer } from "../../state/series.ts";
import { RegexFilter } from "../../widgets/RegexFilter.tsx";
import { layerFacts } from "./layer_facts.ts";

/** With fewer layers there is nothing to search. */
const SEARCHED_FROM = 8;

export function LayerList() {
  const pattern = compileFilter(layerFilter.value);
  const listed = matching(featureLayers.value, pattern, (name) => name);
  return (
    <nav class="layer-list" aria-label="Layers" data-testid="layer-list">
      <h2>Layers</h2>
      {featureLayers.value.length >= SEARCHED_FROM && (
        <RegexFilter label="Filter (regex)" value={layerFilter} invalid={pattern === null} testId="layer-filter" />
      )}
      <ol>
        {listed.map((layer) => {
          const facts = layerFacts.value.get(layer);
          return (
            <li key={layer}>
              <button
                type="button"
                data-testid="layer"
                data-layer={layer}
                aria-current={mainPane.value?.layer === layer ? "true" : undefined}
                title={layer}
                onClick={() => {
                  layerChoice.value = layer;
                }}
              >
                <span class="layer-name">{titleOfLayer(layer)}</span>
                <span class="layer-size">
                  {facts?.count}
                  {facts?.grid && ` · ${facts.grid.join("×")}`}
                  {facts && facts.dead > 0 && ` · ${facts.dead} dead`}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      {listed.length === 0 && <p class="hint">No layer matches.</p>}
    </nav>
  );
}
