/** To the samples before and after an open one. */
import { Icon } from "./Icon.tsx";

export function MoveButtons({ onMove }: { onMove: (by: number) => void }) {
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label="Previous sample"
        title="Previous sample  ["
        onClick={() => onMove(-1)}
      >
        <Icon name="left" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Next sample"
        title="Next sample  ]"
        onClick={() => onMove(1)}
      >
        <Icon name="right" />
      </button>
    </>
  );
}
