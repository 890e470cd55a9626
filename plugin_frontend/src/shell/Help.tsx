/** The keys of the page. */
import { Dialog } from "../widgets/Dialog.tsx";
import { KEYS } from "./keyboard.ts";
import { helpOpen } from "./panes.ts";

export function Help() {
  if (!helpOpen.value) return null;
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
