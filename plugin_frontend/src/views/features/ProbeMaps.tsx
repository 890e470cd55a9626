/** The maps of one channel over all images: the chosen one large, with the template that masks it where there is one. */
import { useMemo } from "preact/hooks";
import {
  cellsOf,
  type ImageMaps,
  ownRange,
  peakOf,
  rangeOfChannel,
  rangeOfMap,
  templateAt,
} from "../../render/channels/maps.ts";
import { range } from "../../state/appearance.ts";
import { lookAt } from "../../state/columns.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { imageChoice, openChannel } from "../../state/features.ts";
import { openSample } from "../../state/samples.ts";
import { seriesOf } from "../../state/series.ts";
import { view } from "../../state/view.ts";
import { compact } from "../explanations/format.ts";
import { ActivationMap } from "./ActivationMap.tsx";
import { describe } from "./ImageStrip.tsx";
import { useKept } from "./kept.ts";

type Props = { half: PaneFrame; channel: number };

export function ProbeMaps({ half, channel }: Props) {
  const { layer, maps, pane } = half;
  const part = layer.maps;
  if (!part) return <p class="hint">No activations were logged.</p>;
  if (!maps) return <p class="notice">The activations cannot be read.</p>;
  const { images } = maps.maps;
  const chosen = images[maps.image];
  const explained = chosen?.image && seriesOf(pane.run).length > 0;
  return (
    <>
      <figure class="chosen-map">
        <OneMap half={half} channel={channel} image={maps.image} stored={maps.stored} side={360} />
        {layer.templateSlope > 0 && <Template half={half} channel={channel} maps={maps} />}
        <figcaption>
          {chosen && describe(chosen, layer.classes)} · peak{" "}
          <strong>{compact(rangeOfMap(maps.ranges, layer.count, maps.image, channel).high)}</strong>
          {explained && (
            <button
              type="button"
              class="text-button"
              data-testid="to-explanations"
              onClick={() => {
                openChannel.value = null;
                openSample.value = { run: pane.run, sample: chosen.image };
                view.value = "explanations";
              }}
            >
              its explanations
            </button>
          )}
        </figcaption>
      </figure>
      {images.length > 1 && (
        <>
          <h4>
            Over all images{" "}
            <span class="hint">{range.value === "shared" ? "on one range" : "each on its own range"}</span>
          </h4>
          {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
          <ul class="probe-maps" role="list" data-testid="probe-maps">
            {images.map((image, i) => (
              <li key={image.id}>
                <button
                  type="button"
                  aria-pressed={i === maps.image}
                  aria-label={`Show ${describe(image, layer.classes)}, peak ${compact(rangeOfMap(maps.ranges, layer.count, i, channel).high)}`}
                  onClick={() => {
                    imageChoice.value = image.id;
                  }}
                >
                  <FetchedMap half={half} channel={channel} image={i} />
                  <span class="map-peak">{compact(rangeOfMap(maps.ranges, layer.count, i, channel).high)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Its bytes are fetched when it is first shown; until those of another step are there, the map stays as it is. */
function FetchedMap({ half, channel, image }: Props & { image: number }) {
  const { pane, maps } = half;
  const stored = useKept(lookAt(pane.run, maps?.maps.columns[image]), `${pane.run} ${pane.layer} ${image}`);
  if (!stored) return <span class="activation picture-none">{stored === null ? "unreadable" : ""}</span>;
  return <OneMap half={half} channel={channel} image={image} stored={stored as Uint8Array} side={72} />;
}

type MapProps = Props & { image: number; stored: Uint8Array; side: number };

function OneMap({ half, channel, image, stored, side }: MapProps) {
  const maps = half.maps as NonNullable<typeof half.maps>;
  const { count } = half.layer;
  const drawn = useMemo(() => {
    const { grid } = maps.maps;
    return {
      own: ownRange(grid, maps.ranges, count, image, channel),
      cells: cellsOf(grid, stored, channel, rangeOfMap(maps.ranges, count, image, channel)),
    };
  }, [maps, stored, image, channel, count]);
  return (
    <ActivationMap
      run={half.pane.run}
      image={maps.maps.images[image]?.image ?? ""}
      height={maps.maps.height}
      width={maps.maps.width}
      cells={drawn.cells}
      range={range.value === "shared" ? rangeOfChannel(maps.ranges, count, channel) : drawn.own}
      signed={maps.signed}
      label={`Activation of channel ${channel} over image ${image + 1}`}
      side={side}
    />
  );
}

type TemplateProps = Props & { maps: ImageMaps };

/** What the layer multiplies the map with: 1 at the peak, 0 at a distance, and below 0 beyond, where the filter may say nothing. */
function Template({ half: { layer, pane }, channel, maps: { maps, image, stored } }: TemplateProps) {
  const { grid, height, width, images } = maps;
  const peak = peakOf(grid, stored, channel);
  const cells = useMemo(() => {
    const bytes = templateAt(grid, peak, layer.templateSlope).map((value) => Math.round((255 * (value + 1)) / 2));
    return cellsOf(grid, Uint8Array.from(bytes), 0, { low: -1, high: 1 });
  }, [String(grid), String(peak), layer.templateSlope]);
  return (
    <span class="template" data-testid="template" title="The map is multiplied by this template around its peak">
      <ActivationMap
        run={pane.run}
        image={images[image]?.image ?? ""}
        height={height}
        width={width}
        cells={cells}
        range={TEMPLATE_RANGE}
        signed
        label={`Template of channel ${channel} at its peak ${peak.join(", ")}`}
        side={150}
      />
      <span class="hint">template at {peak.join(", ")}</span>
    </span>
  );
}

const TEMPLATE_RANGE = { low: -1, high: 1 };
