/** When somebody last did something in the page: what tells a choice from what follows by itself, such as loading. */

let at = Number.NEGATIVE_INFINITY;

const EVENTS = ["pointerdown", "pointerup", "click", "keydown", "input", "change"];

export function followHands(): void {
  const touch = () => {
    at = performance.now();
  };
  for (const event of EVENTS) document.addEventListener(event, touch, { capture: true, passive: true });
}

/** Long enough for a click to be drawn, too short for what has to be fetched. */
const MOMENT = 1000;

export function justTouched(): boolean {
  return performance.now() - at < MOMENT;
}

/** What comes now is nobody's doing, whatever was pressed before. */
export function forgetTouch(): void {
  at = Number.NEGATIVE_INFINITY;
}
