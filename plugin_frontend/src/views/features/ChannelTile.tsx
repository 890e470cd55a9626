/** One channel: its map over the chosen image, what raises it most, and its numbers. */
import { useMemo } from "preact/hooks";
import { cellsOf, ownRange, rangeOfMap } from "../../render/channels/maps.ts";
import { range } from "../../state/appearance.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { openChannel, type TilePart } from "../../state/features.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { SheetTile } from "../../widgets/SheetTile.tsx";
import { compact } from "../explanations/format.ts";
import { ActivationMap } from "./ActivationMap.tsx";
import { groupColour, isDead, preferredClass, properName, shownParts, shownPictures } from "./reading.ts";

type Props = {
  half: PaneFrame;
  channel: number;
  /** Of a picture, in CSS pixels. */
  side: number;
  position: number;
  total: number;
};

export function ChannelTile({ half, channel, side, position, total }: Props) {
  const { numbers, layer, pane } = half;
  const group = numbers.groupOf[channel] ?? -1;
  const dead = isDead(half, channel);
  return (
    // biome-ignore lint/a11y/useSemanticElements: of a list of thousands only some items exist
    <div role="listitem" aria-posinset={position + 1} aria-setsize={total} class="channel-item">
      <button
        type="button"
        class="channel-tile"
        data-testid="channel"
        data-channel={channel}
        data-position={position}
        data-run={pane.run}
        data-dead={dead || undefined}
        disabled={channel >= layer.count}
        onClick={() => {
          openChannel.value = channel;
        }}
      >
        <span class="visually-hidden">{summaryOf(half, channel)}</span>
        <span class="channel-head" aria-hidden="true">
          <strong>{channel}</strong>
          {properName(half, channel) && <span class="channel-name">{properName(half, channel)}</span>}
          {group >= 0 && (
            <span
              class="group-mark"
              style={{ "--group": groupColour(group) }}
              title={`Group ${group + 1}: ${numbers.groups[group]?.channels.length} channels that do nearly the same`}
            >
              ≈ {group + 1}
            </span>
          )}
          {dead && <span class="dead-mark">dead</span>}
        </span>
        {channel < layer.count ? (
          <>
            <span class="channel-pictures" aria-hidden="true">
              {shownPictures.value.map((part) => (
                <TilePicture key={part} part={part} half={half} channel={channel} side={side} />
              ))}
            </span>
            {shownParts.value.has("numbers") && <Numbers half={half} channel={channel} />}
          </>
        ) : (
          <span class="channel-absent" aria-hidden="true">
            not in this layer
          </span>
        )}
      </button>
    </div>
  );
}

type PictureProps = Pick<Props, "half" | "channel" | "side">;

function TilePicture({ part, half, channel, side }: PictureProps & { part: TilePart }) {
  const { layer, numbers, pane } = half;
  if (part === "activation")
    return <span class="channel-picture">{half.maps && <Activation half={half} channel={channel} side={side} />}</span>;
  if (part === "maximised") {
    const found = numbers.pictures[channel]?.[0];
    const sheets = found?.part.value.pictures;
    return (
      <span class="channel-picture">
        {sheets && found ? (
          <SheetTile run={pane.run} sheets={sheets} index={found.index} label="" side={side} />
        ) : (
          <span class="picture-none">not raised</span>
        )}
      </span>
    );
  }
  const tops = layer.tops?.value;
  const most = tops && tops.count >= 4 ? 4 : 1;
  return (
    <span class="channel-picture channel-patches" data-most={tops?.pictures && most}>
      {!tops?.pictures && <span class="picture-none">not logged</span>}
      {tops?.pictures &&
        Array.from({ length: Math.min(most, tops.count) }, (_, i) => (
          <SheetTile
            key={i}
            run={pane.run}
            sheets={tops.pictures as NonNullable<typeof tops.pictures>}
            index={channel * tops.count + i}
            label=""
            side={side / (most === 4 ? 2 : 1)}
          />
        ))}
    </span>
  );
}

function Activation({ half, channel, side }: PictureProps) {
  const { maps, layer, pane } = half;
  const drawn = useMemo(() => {
    if (!maps) return null;
    const stored = rangeOfMap(maps.ranges, layer.count, maps.image, channel);
    return {
      own: ownRange(maps.maps.grid, maps.ranges, layer.count, maps.image, channel),
      cells: cellsOf(maps.maps.grid, maps.stored, channel, stored),
    };
  }, [maps, layer.count, channel]);
  if (!maps || !drawn) return null;
  const { height, width, images } = maps.maps;
  return (
    <ActivationMap
      run={pane.run}
      image={images[maps.image]?.image ?? ""}
      height={height}
      width={width}
      cells={drawn.cells}
      range={range.value === "shared" ? maps.range : drawn.own}
      signed={maps.signed}
      label={`Activation of channel ${channel}`}
      side={side}
    />
  );
}

/** The class that the channel prefers and by how much, and how far it responds at most. */
function Numbers({ half, channel }: { half: PaneFrame; channel: number }) {
  const { statistics } = half.numbers;
  const selectivity = statistics.get("selectivity")?.[channel];
  const maximum = statistics.get("maximum")?.[channel];
  const preferred = preferredClass(half, channel);
  return (
    <span class="channel-numbers" aria-hidden="true">
      {preferred !== undefined && (
        <span class="channel-class">
          <ClassDot index={statistics.get("class")?.[channel] ?? -1} /> {preferred}
        </span>
      )}
      {selectivity !== undefined && !Number.isNaN(selectivity) && (
        <span class="selectivity" title="Selectivity">
          {selectivity.toFixed(2)}
        </span>
      )}
      {maximum !== undefined && !Number.isNaN(maximum) && (
        <span class="maximum" title="Greatest response to any image">
          {compact(maximum)}
        </span>
      )}
    </span>
  );
}

function summaryOf(half: PaneFrame, channel: number): string {
  const { numbers, pane } = half;
  const selectivity = numbers.statistics.get("selectivity")?.[channel];
  const preferred = preferredClass(half, channel);
  const group = numbers.groupOf[channel] ?? -1;
  return [
    `Channel ${channel} of ${pane.layer}`,
    channel >= half.layer.count && "not in this layer",
    isDead(half, channel) && "dead",
    preferred && `prefers ${preferred}`,
    selectivity !== undefined && !Number.isNaN(selectivity) && `selectivity ${selectivity.toFixed(2)}`,
    group >= 0 && `group ${group + 1}`,
  ]
    .filter(Boolean)
    .join(", ");
}
