/** Why there are no points to see, and how to log some. */
import { EmptyState, FilteredOut, Message, Snippet } from "../../shell/EmptyState.tsx";
import { loggedProjections } from "../../state/projections.ts";
import { shownRuns } from "../../state/runs.ts";

const EXAMPLE = `from tb_explain.methods import Projection

writer.explain(model, probe, step, [Projection(data=val_loader)])
`;

export function NoProjections() {
  if (shownRuns.value.length === 0) return <EmptyState />;
  if (loggedProjections.value.length > 0) return <FilteredOut title="No projection's tag matches the filter" />;
  return (
    <Message title="No projections were logged">
      <p>
        A projection shows the features of many images as points, near each other where the network takes the images for
        alike: which classes it keeps apart, which it confuses, and how that comes about during training. None of the
        shown runs has one. To log them:
      </p>
      <Snippet code={EXAMPLE} />
    </Message>
  );
}
