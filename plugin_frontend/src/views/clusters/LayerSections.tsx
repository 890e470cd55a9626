/** The layers of one run: above them all how classes emerge from layer to layer, then each with its legend and its maps. */
import { useRef } from "preact/hooks";
import { placedOn, way } from "../../state/clusters.ts";
import { groupBy } from "../../state/group.ts";
import { layerTitle, seriesKey } from "../../state/series.ts";
import { isRight } from "../explanations/cards.ts";
import { analysisOf, pathThrough, turningOrder } from "../explanations/clusters/path.ts";
import { compact } from "../explanations/format.ts";
import type { Section } from "../explanations/sections.ts";
import { ClusterTile } from "./ClusterTile.tsx";
import { CountStudy } from "./CountStudy.tsx";
import { LayerStrip } from "./LayerStrip.tsx";
import { Legend } from "./Legend.tsx";
import { type Layer, layersOf, meanPurity } from "./lookup.ts";

export function LayerSections({ section }: { section: Section }) {
  const analyses = groupBy(layersOf(section.frames), ({ frame }) => analysisOf(frame.series));
  return (
    <>
      {[...analyses].map(([analysis, layers]) => (
        <Analysis
          key={analysis}
          name={analyses.size > 1 ? analysis : ""}
          layers={layers}
          turning={turnsOf(section, analysis)}
          section={section}
        />
      ))}
    </>
  );
}

type AnalysisProps = { name: string; layers: Layer[]; turning: Map<number, number>; section: Section };

/** The layers that were clustered together. */
function Analysis({ name, layers, turning, section }: AnalysisProps) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <>
      {name && <h3 class="analysis-name">{name}</h3>}
      {layers.length > 1 && (
        <LayerStrip
          layers={layers}
          turning={turning}
          onChoose={(layer) =>
            list.current?.children[layers.indexOf(layer)]?.scrollIntoView({
              behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
              block: "start",
            })
          }
        />
      )}
      <div ref={list}>
        {layers.map((layer) => (
          <LayerSection key={seriesKey(layer.frame.series)} layer={layer} section={section} />
        ))}
      </div>
    </>
  );
}

/** For each layer's order, how many of the wrong samples turn there. */
function turnsOf({ cards }: Section, analysis: string): Map<number, number> {
  const turns = new Map<number, number>();
  for (const { sample, explanations } of cards) {
    const order = isRight(sample) === false ? turningOrder(pathThrough(explanations, analysis)) : undefined;
    if (order !== undefined) turns.set(order, (turns.get(order) ?? 0) + 1);
  }
  return turns;
}

function LayerSection({ layer, section }: { layer: Layer; section: Section }) {
  const { series } = layer.frame;
  const placed = placedOn(layer.detail, way.value);
  const key = seriesKey(series);
  return (
    <section class="layer-section" aria-label={layerTitle(series)} data-testid="layer" data-tag={series.tag}>
      <header class="layer-header">
        <h3 title={series.description || series.tag}>{layerTitle(series)}</h3>
        {placed && (
          <span class="layer-facts">
            {placed.path.association !== undefined && (
              <span title="Mutual information of cluster and class as a share of the classes' entropy: 1, the cluster tells the class">
                U <strong>{compact(placed.path.association)}</strong>
              </span>
            )}
            <span title="Share of the most frequent class, over all positions">
              purity <strong>{Math.round(100 * meanPurity(placed.path))}%</strong>
            </span>
            <span>{placed.path.grid.join(" × ")} positions</span>
          </span>
        )}
        {layer.detail.counts.length > 1 && (
          <CountStudy counts={layer.detail.counts} chosen={layer.detail.forward.path.ids.length} />
        )}
      </header>
      {placed ? (
        <div class="layer-body">
          <Legend series={series} way={way.value} path={placed.path} classes={layer.classes} place="view" />
          {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
          <ul class="cluster-tiles" role="list">
            {section.page.flatMap((card) => {
              const explanation = card.explanations.find(({ frame }) => seriesKey(frame.series) === key);
              return explanation ? [<ClusterTile key={card.sample.id} card={card} explanation={explanation} />] : [];
            })}
          </ul>
        </div>
      ) : (
        <p class="notice">No feedback path was logged for this layer.</p>
      )}
    </section>
  );
}
