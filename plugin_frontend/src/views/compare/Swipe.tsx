/** Two pictures one above the other, with a divider between them: A at its left, B at its right. */
import type { ComponentChildren, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { divider } from "../../state/compare.ts";

/** Which of both is seen. */
export type Seen = "swipe" | "a" | "b";

type Props = { a: ComponentChildren; b: ComponentChildren; seen: Seen };

const STEP = 2;
const LEAP = 10;

export function Swipe({ a, b, seen }: Props) {
  const shown = { swipe: divider.value, a: 100, b: 0 }[seen];
  const move = (to: number) => {
    divider.value = Math.round(10 * Math.min(100, Math.max(0, to))) / 10;
  };

  const follow = (event: TargetedPointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    move((100 * (event.clientX - box.left)) / box.width);
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const by = event.shiftKey ? LEAP : STEP;
    const to = {
      ArrowLeft: divider.value - by,
      ArrowDown: divider.value - by,
      ArrowRight: divider.value + by,
      ArrowUp: divider.value + by,
      PageDown: divider.value - LEAP,
      PageUp: divider.value + LEAP,
      Home: 0,
      End: 100,
    }[event.key];
    if (to === undefined) return;
    move(to);
    event.preventDefault();
    event.stopPropagation(); // the page has its own use for the arrows
  };

  return (
    // A shortcut for the pointer: the divider inside does the same by keyboard.
    <div
      class="swipe"
      data-testid="swipe"
      data-seen={seen}
      style={{ "--at": `${shown}%` }}
      onPointerDown={(event) => {
        if (event.button !== 0 || seen !== "swipe") return;
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && follow(event)}
    >
      <div class="swipe-b">{b}</div>
      <div class="swipe-a">{a}</div>
      {seen === "swipe" && (
        <div
          class="swipe-divider"
          role="slider"
          tabIndex={0}
          aria-label="Divider between A and B"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(divider.value)}
          aria-valuetext={`A on ${Math.round(divider.value)}% of the picture`}
          data-testid="divider"
          onKeyDown={onKeyDown}
        />
      )}
    </div>
  );
}
