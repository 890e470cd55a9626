/** Pins a sample: it comes first, and a filter shows the pinned ones alone. */
import { pinnedSamples, togglePin } from "../../state/sample_filter.ts";
import { Icon } from "../../widgets/Icon.tsx";

export function PinButton({ id, name, class: place = "" }: { id: string; name: string; class?: string }) {
  const pinned = pinnedSamples.value.has(id);
  return (
    <button
      type="button"
      class={`icon-button pin-button ${place}`}
      aria-label={`Pin ${name || "this sample"}`}
      aria-pressed={pinned}
      title={pinned ? "Pinned: shown first" : "Pin: show first"}
      data-testid="pin"
      onClick={() => togglePin(id)}
    >
      <Icon name="pin" />
    </button>
  );
}
