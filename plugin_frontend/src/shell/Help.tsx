/** The keys of the page. */
import { Dialog } from "../widgets/Dialog.tsx";
import { helpOpen } from "./panes.ts";

const KEYS: [string, string][] = [
  ["← →", "previous, next step"],
  ["Space", "play, pause"],
  ["F", "follow the latest step"],
  ["[ ]", "previous, next page; of an enlarged sample, on its page, in a comparison: the previous, next one"],
  ["[ ]", "among features: previous, next image; in an enlarged channel the previous, next channel"],
  ["↑ ↓", "among features: the channel above, below; Home, End: the first, the last"],
  ["O", "hold to see the bare images"],
  ["/", "filter tags"],
  ["L R P", "in a projection: lasso, rectangle, pan (in three dimensions: turn)"],
  ["+ − 0", "in a projection: nearer, farther, all points; the arrow keys pan while it has the focus"],
  ["Shift Ctrl", "in a projection: add to the selection, remove from it"],
  ["B", "in an enlarged comparison: blink between A and B; the arrow keys move the divider while it has the focus"],
  ["Ctrl Z", "back to how it was, as the browser's Back; with Shift, forward again"],
  ["?", "this help"],
  ["Esc", "close; on the page of a sample: back; in a projection: clear the selection"],
];

export function Help() {
  return (
    <Dialog
      title="Keyboard"
      testId="help-dialog"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={meaning}>
            <dt>
              {key.split(" ").map((cap) => (
                <kbd key={cap}>{cap}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
