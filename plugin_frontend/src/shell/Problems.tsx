/** The list of explanations that failed or were dropped. */
import { Dialog } from "../widgets/Dialog.tsx";
import { problemsOpen } from "./panes.ts";
import { failures, problemSummary } from "./problems.ts";

export function Problems() {
  return (
    <Dialog
      title={`Records: ${problemSummary.value || "no problems"}`}
      class="problems-dialog"
      testId="problems-dialog"
      onClose={() => {
        problemsOpen.value = false;
      }}
    >
      <p class="hint">
        Training goes on when an explanation fails. Dropped: the writer's queue was full. Damaged: the file ends or
        changed where it should not; <code>tb-explain verify LOGDIR</code> says where. Of an unknown kind: written by a
        newer version. The newest 20 of each run are listed.
      </p>
      <ul class="failures">
        {failures.value.map(({ run, tag, step, wall_time, message, detail, dropped }) => (
          <li key={`${run} ${tag} ${step} ${wall_time}`}>
            <p>
              <span class={dropped ? "badge" : "badge badge-warning"}>{dropped ? "dropped" : "failed"}</span>{" "}
              <bdi>{message}</bdi>
            </p>
            <p class="hint">
              <bdi>{run}</bdi> · <bdi>{tag}</bdi> · step {step} · {new Date(1000 * wall_time).toLocaleString()}
            </p>
            {detail && (
              <details>
                <summary>Details</summary>
                <pre>{detail}</pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
