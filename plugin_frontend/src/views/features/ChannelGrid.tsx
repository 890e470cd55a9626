/** The channels of one layer, or of two side by side in the same order: only the rows on screen exist. */
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { channelSize } from "../../state/features.ts";
import { useRows } from "../../widgets/rows.ts";
import { ChannelTile } from "./ChannelTile.tsx";
import { choice, halves, order, shownParts, shownPictures } from "./reading.ts";

const GAP = 8;
/** Around the pictures of a tile, and its border. */
const FRAME = 14;
const BETWEEN = 4;
/** Lines of text. */
const HEAD = 22;
const NUMBERS = 20;
/** Between two halves. */
const GUTTER = 24;
const NARROWEST = 72;

/** Tiles are at most so much larger than chosen. */
const STRETCH = 1.3;

/** How many tiles fit into a row, and how large they are so that they fill it: at least as large as chosen. */
function layOut(width: number, pictures: number) {
  const widthOf = (side: number) => Math.max(NARROWEST, pictures * (side + BETWEEN) - (pictures ? BETWEEN : 0)) + FRAME;
  const across = Math.max(1, Math.floor((width + GAP) / (widthOf(channelSize.value) + GAP)));
  const filling = Math.floor((width + GAP) / across) - GAP;
  const tileWidth = Math.max(widthOf(0), Math.min(filling, Math.floor(widthOf(STRETCH * channelSize.value))));
  const side = pictures ? Math.floor((tileWidth - FRAME + BETWEEN) / pictures) - BETWEEN : 0;
  return { across, side, tileWidth };
}

export function ChannelGrid() {
  const { view, width, inView } = useRows<HTMLDivElement>(choice.value);
  const pictures = shownPictures.value.length;
  const many = halves.value.length;
  const { across, side, tileWidth } = layOut((width.value - GUTTER * (many - 1)) / many, pictures);
  const rowHeight = HEAD + (pictures ? side : 0) + (shownParts.value.has("numbers") ? NUMBERS : 0) + FRAME + GAP;
  const rows = Math.ceil(order.value.length / across);
  const { first, end } = inView(rowHeight, rows);

  // What is at the top stays there when tiles become larger or fewer fit into a row.
  const top = useRef({ position: 0, across, rowHeight });
  useLayoutEffect(() => {
    const before = top.current;
    const element = view.current;
    if (element && width.value > 0 && (before.across !== across || before.rowHeight !== rowHeight)) {
      const row = Math.round(element.scrollTop / before.rowHeight);
      element.scrollTop = Math.floor((row * before.across) / across) * rowHeight;
    }
    top.current = { position: 0, across, rowHeight };
  }, [across, rowHeight]);

  const focus = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const at = Number((event.target as HTMLElement).dataset.position ?? Number.NaN);
    if (Number.isNaN(at)) return;
    const last = order.value.length - 1;
    const to = { ArrowDown: at + across, ArrowUp: at - across, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const position = Math.min(last, Math.max(0, to));
    const run = (event.target as HTMLElement).dataset.run;
    const element = view.current;
    if (!element) return;
    const row = Math.floor(position / across) * rowHeight;
    if (row < element.scrollTop) element.scrollTop = row;
    else if (row + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = row + rowHeight - element.clientHeight;
    // The row may exist only once it has come on screen.
    const reach = (patience: number) => {
      const found = [...element.querySelectorAll<HTMLElement>(`[data-position="${position}"]`)].find(
        (tile) => tile.dataset.run === run,
      );
      if (found) found.focus({ preventScroll: true });
      else if (patience > 0) requestAnimationFrame(() => reach(patience - 1));
    };
    reach(5);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys move among the buttons in it
    <div ref={view} class="channel-scroll" data-testid="channel-grid" onKeyDown={focus}>
      <div
        class="channel-halves"
        style={{
          height: `${Math.max(0, rows * rowHeight - GAP)}px`,
          "--side": `${side}px`,
          "--tile": `${tileWidth}px`,
        }}
      >
        {halves.value.map((half) => (
          // biome-ignore lint/a11y/useSemanticElements: of a list of thousands only some items exist
          <div
            key={`${half.pane.run}\n${half.pane.layer}`}
            class="channel-half"
            role="list"
            aria-label={`Channels of ${half.pane.layer}, ${half.pane.run}`}
          >
            {Array.from({ length: Math.max(0, end - first) }, (_, i) => (
              <div
                key={first + i}
                role="presentation"
                class="channel-row"
                style={{ transform: `translateY(${(first + i) * rowHeight}px)` }}
              >
                {Array.from(order.value.subarray((first + i) * across, (first + i + 1) * across), (channel, j) => (
                  <ChannelTile
                    key={channel}
                    half={half}
                    channel={channel}
                    side={side}
                    position={(first + i) * across + j}
                    total={order.value.length}
                  />
                ))}
              </div>
            ))}
          </div>
        ))}
      </div>
      {order.value.length === 0 && <p class="notice">The filters leave no channel.</p>}
    </div>
  );
}
