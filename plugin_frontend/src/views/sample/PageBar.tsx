/** The bar of the page: back, the run, and the samples before and after. */

import { othersWith } from "../../state/other_runs.ts";
import { runColours } from "../../state/runs.ts";
import { leavePage } from "../../state/sample_page.ts";
import { openSample } from "../../state/samples.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { MoveButtons } from "../../widgets/MoveButtons.tsx";
import { among, moveSample, openCard } from "../explanations/opened.ts";
import { PinButton } from "../explanations/PinButton.tsx";

type Open = NonNullable<typeof openSample.value>;

export function PageBar({ open }: { open: Open }) {
  const { cards, at } = among.value;
  const colour = runColours.value.get(open.run); // none when the run is gone
  const others = othersWith(open.sample, openCard.value?.sample.row ?? 0, open.run);
  return (
    <div class="page-bar" role="toolbar" aria-label="Sample">
      <button type="button" class="text-button" data-testid="leave-page" title="Back  Esc" onClick={leavePage}>
        <Icon name="left" />
        Back
      </button>
      <span class="page-run">
        {colour && <span class="run-dot" style={{ background: colour }} />}
        {others.length > 0 ? (
          <select
            aria-label="Run"
            data-testid="page-run"
            title="The runs that have logged this image"
            value={open.run}
            onChange={(event) => {
              const other = others.find(({ run }) => run === event.currentTarget.value);
              if (other) openSample.value = other;
            }}
          >
            {[open, ...others].map(({ run }) => (
              <option key={run} value={run} selected={run === open.run}>
                {run}
              </option>
            ))}
          </select>
        ) : (
          <span class="run-name" title={open.run}>
            {open.run}
          </span>
        )}
      </span>
      <PinButton id={open.sample} name={openCard.value?.sample.name ?? ""} />
      <span class="spacer" />
      {cards.length > 0 && (
        <span class="hint" data-testid="page-place">
          {at < 0 ? "not among those shown" : `${at + 1} of ${cards.length}`}
        </span>
      )}
      <MoveButtons onMove={moveSample} />
    </div>
  );
}
