/** Records of a run that failed, were dropped or cannot be read; a click lists them. */
import type { Run } from "../../data/answers.ts";
import { problemsOpen } from "../../shell/panes.ts";
import { problemCount, problemWords } from "../../shell/problems.ts";
import { Icon } from "../../widgets/Icon.tsx";

export function ProblemsLine({ run, brief = false }: { run: Run; brief?: boolean }) {
  const words = problemWords([run]);
  if (!words) return null;
  return (
    <button
      type="button"
      class="text-button problems-button"
      data-testid="run-problems"
      title={brief ? words : run.failures.at(-1)?.message}
      onClick={() => {
        problemsOpen.value = true;
      }}
    >
      <Icon name="warning" />
      <span class={brief ? "visually-hidden" : undefined}>{words}</span>
      {brief && <span aria-hidden="true">{problemCount([run])}</span>}
    </button>
  );
}
