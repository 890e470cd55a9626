/** Why there are no channels to see, and how to log some. */
import { EmptyState, FilteredOut, Message, Snippet } from "../../shell/EmptyState.tsx";
import { loggedChannels } from "../../state/features.ts";
import { shownRuns } from "../../state/runs.ts";

const EXAMPLE = `from tb_explain.methods import Activations

writer.explain(model, probe, step, [Activations(data=val_loader)])
`;

export function NoChannels() {
  if (shownRuns.value.length === 0) return <EmptyState />;
  if (loggedChannels.value.length > 0) return <FilteredOut title="No channels' tag matches the filter" />;
  return (
    <Message title="No channels were logged">
      <p>
        What does each filter see? For every channel of a layer: its activation over the probe's images, the parts of
        real images that it responds to most, the image that raises it, how selective it is, and which other filters do
        the same. None of the shown runs has any. To log them:
      </p>
      <Snippet code={EXAMPLE} />
    </Message>
  );
}
