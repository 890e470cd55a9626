/** What is seen, as files: a picture, and the numbers behind it. Loaded when the menu is opened. */
import { useSignal } from "@preact/signals";
import { numbers } from "../state/numbers.ts";
import { shownRuns } from "../state/runs.ts";
import { step } from "../state/timeline.ts";
import { view } from "../state/view.ts";
import { adoptStyles } from "../styles/adopt.ts";
import menu from "../styles/menu.css?inline";
import { VIEWS } from "../views/registry.ts";

adoptStyles(menu);

/** More names do not fit into a line. */
const NAMED_RUNS = 3;

export function Downloads({ close }: { close: () => void }) {
  const problem = useSignal<string | null>(null);
  const offered = numbers.value;
  const missing = offered ? (offered.any() ? null : offered.otherwise) : "This view has no table";
  const attempt = (save: () => Promise<void>) => () => {
    problem.value = null;
    save()
      .then(close)
      .catch((reason: unknown) => {
        problem.value = reason instanceof Error ? reason.message : String(reason);
      });
  };
  return (
    <div class="menu">
      <button type="button" data-testid="download-png" onClick={attempt(savePng)}>
        Picture <span>PNG</span>
      </button>
      <button type="button" data-testid="download-csv" disabled={missing !== null} onClick={attempt(saveCsv)}>
        Numbers <span>CSV</span>
      </button>
      {missing && <p class="hint">{missing}</p>}
      {problem.value && <p role="alert">{problem.value}</p>}
    </div>
  );
}

async function savePng(): Promise<void> {
  const { savePicture } = await import("../widgets/save_picture.ts");
  const main = document.querySelector("main");
  if (main) await savePicture(main, caption(), `${fileName()}.png`);
}

async function saveCsv(): Promise<void> {
  const table = await numbers.peek()?.table();
  const { saveTable } = await import("../widgets/save.ts");
  if (table) saveTable(table, `${fileName()}.csv`);
}

function caption(): string[] {
  const names = shownRuns.peek().map(({ run }) => run);
  const more = names.length - NAMED_RUNS;
  const runs = more > 0 ? `${names.slice(0, NAMED_RUNS).join(", ")} and ${more} more` : names.join(", ");
  const title = VIEWS.find(({ id }) => id === view.peek())?.title ?? "";
  return [title, ...(step.peek() === null ? [] : [`step ${step.peek()}`]), runs].filter(Boolean);
}

function fileName(): string {
  return [view.peek(), ...(step.peek() === null ? [] : ["step", step.peek()])].join("_");
}
