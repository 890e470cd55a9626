/** Why there is nothing to see, and what to do about it. */
import type { ComponentChildren } from "preact";
import { unreachable } from "../state/reachability.ts";
import { indexing, listedRuns, matchingRuns, runs, selectMatchingRuns, shownRuns } from "../state/runs.ts";
import { chosenMethods, layerSelection, methodSelection, methods, tagFilter } from "../state/series.ts";
import { useCopy } from "../widgets/copy.ts";

const EXAMPLE = `from tb_explain import ExplainWriter, Probe
from tb_explain.methods import GradCAM

writer = ExplainWriter("runs/resnet")
probe = Probe(images, labels, class_names=names)
for step, batch in enumerate(loader):
    ...  # train as before
    writer.explain(model, probe, step, methods=[GradCAM()], every=200)
`;

export function EmptyState() {
  if (runs.value === null || (listedRuns.value.length === 0 && indexing.value !== null))
    return unreachable.value ? null : (
      <p class="waiting" role="status">
        Looking for explanations …
      </p>
    );
  if (listedRuns.value.length === 0) return <NoData />;
  if (matchingRuns.value.length === 0) return <Message title="No run matches the filter" />;
  if (shownRuns.value.length === 0)
    return (
      <Message title="No run is selected">
        <Action text="Select all runs" onClick={() => selectMatchingRuns(true)} />
      </Message>
    );
  if (methods.value.length === 0 && tagFilter.value === "")
    return (
      <Message title="No attributions were logged">
        <p>What was logged of the shown runs is in the other views.</p>
      </Message>
    );
  if (methods.value.length === 0) return <FilteredOut title="No tag matches the filter" />;
  return (
    <Message title={chosenMethods.value.size ? "No layer is chosen" : "No method is chosen"}>
      <Action
        text="Back to the default"
        onClick={() => {
          methodSelection.value = null;
          layerSelection.value = null;
        }}
      />
    </Message>
  );
}

export function Message({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty" data-testid="empty-state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The filter of tags hides what there is. */
export function FilteredOut({ title }: { title: string }) {
  return (
    <Message title={title}>
      <Action
        text="Clear the filter"
        onClick={() => {
          tagFilter.value = "";
        }}
      />
    </Message>
  );
}

export function Action({ text, onClick }: { text: string; onClick: () => void }) {
  return (
    <button type="button" class="button" onClick={onClick}>
      {text}
    </button>
  );
}

function NoData() {
  return (
    <Message title="No explanations were found">
      <p>Probable causes:</p>
      <ul>
        <li>Nothing has been explained yet. The page looks again every few seconds.</li>
        <li>TensorBoard reads another directory than the one the writer was given.</li>
        <li>The run was written with an ordinary SummaryWriter. An ExplainWriter is one that also explains:</li>
      </ul>
      <Snippet code={EXAMPLE} />
    </Message>
  );
}

export function Snippet({ code }: { code: string }) {
  const { copied, copy } = useCopy();
  return (
    <div class="snippet">
      <pre>
        <code>{code}</code>
      </pre>
      <button type="button" class="button" onClick={() => copy(code)}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
