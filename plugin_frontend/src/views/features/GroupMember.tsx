/** One channel in a small picture: what raises it, else its map over the chosen image. */
import { useMemo } from "preact/hooks";
import { cellsOf, ownRange, rangeOfMap } from "../../render/channels/maps.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { SheetTile } from "../../widgets/SheetTile.tsx";
import { ActivationMap } from "./ActivationMap.tsx";

const SIDE = 56;

export function GroupMember({ half, channel }: { half: PaneFrame; channel: number }) {
  const { numbers, maps, layer, pane } = half;
  const drawn = useMemo(() => {
    if (!maps) return null;
    const { grid } = maps.maps;
    return {
      range: ownRange(grid, maps.ranges, layer.count, maps.image, channel),
      cells: cellsOf(grid, maps.stored, channel, rangeOfMap(maps.ranges, layer.count, maps.image, channel)),
    };
  }, [maps, layer.count, channel]);
  const found = numbers.pictures[channel]?.find(({ part }) => part.value.pictures);
  const sheets = found?.part.value.pictures;
  if (found && sheets) return <SheetTile run={pane.run} sheets={sheets} index={found.index} label="" side={SIDE} />;
  if (!maps || !drawn) return <span class="picture-none" />;
  return (
    <ActivationMap
      run={pane.run}
      image={maps.maps.images[maps.image]?.image ?? ""}
      height={maps.maps.height}
      width={maps.maps.width}
      cells={drawn.cells}
      range={drawn.range}
      signed={maps.signed}
      label={`Activation of channel ${channel}`}
      side={SIDE}
    />
  );
}
