/** The card beside the pointer: the picture of the row under it, and what is known of the row. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { RowFacts } from "./RowFacts.tsx";
import type { Pointed } from "./Stage.tsx";
import { Thumbnail } from "./Thumbnail.tsx";

const AWAY = 16; // pixels from the pointer
const COLUMNS = 6;

export function HoverCard({ pointed: { shown, row, x, y } }: { pointed: Pointed }) {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = card.current;
    const room = element?.parentElement;
    if (!element || !room) return;
    // On the other side of the pointer where there is no room.
    const left = x + AWAY + element.offsetWidth > room.clientWidth ? x - AWAY - element.offsetWidth : x + AWAY;
    const top = Math.min(y + AWAY, room.clientHeight - element.offsetHeight - 4);
    element.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  });
  const { points } = shown;
  if (!points) return null;
  return (
    <div ref={card} class="hover-card" data-testid="hover-card" data-row={row}>
      <Thumbnail points={points} row={row} side={96} />
      <div>
        <RowFacts points={points} row={row} most={COLUMNS} />
      </div>
    </div>
  );
}
