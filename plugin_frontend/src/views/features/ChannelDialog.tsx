/** One channel enlarged, in all halves of the view. */
import { Timeline } from "../../shell/Timeline.tsx";
import { featureFrame } from "../../state/feature_frame.ts";
import { featuresLoading, openChannel } from "../../state/features.ts";
import { runColours } from "../../state/runs.ts";
import { titleOfLayer } from "../../state/series.ts";
import { Dialog } from "../../widgets/Dialog.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { ChannelFacts } from "./ChannelFacts.tsx";
import { channelName, halves, moveChannel, order } from "./reading.ts";

export function ChannelDialog() {
  const channel = openChannel.value;
  if (channel === null) return null;
  const [half] = halves.value;
  const at = order.value.indexOf(channel);
  const name = half && channelName(half, channel);
  return (
    <Dialog
      class="channel-dialog"
      testId="channel-dialog"
      title={
        <>
          Channel {channel}
          {half && halves.value.length === 1 && <span class="title-layer"> of {titleOfLayer(half.pane.layer)}</span>}
        </>
      }
      beside={name && name !== String(channel) ? <span class="hint">{name}</span> : undefined}
      onClose={() => {
        openChannel.value = null;
      }}
    >
      <div class="channel-bodies" data-many={halves.value.length} aria-busy={featuresLoading.value}>
        {halves.value.map((shown) => (
          <section
            key={`${shown.pane.run}\n${shown.pane.layer}`}
            class="channel-body"
            data-testid="channel-facts"
            data-run={shown.pane.run}
          >
            {halves.value.length > 1 && (
              <h3 class="body-title">
                <span class="run-dot" style={{ background: runColours.value.get(shown.pane.run) }} />
                {shown.pane.run} · {titleOfLayer(shown.pane.layer)}
              </h3>
            )}
            {channel < shown.layer.count ? (
              <ChannelFacts half={shown} channel={channel} />
            ) : (
              <p class="notice">
                This layer has {shown.layer.count} channels: there is no channel {channel}.
              </p>
            )}
          </section>
        ))}
        {halves.value.length === 0 && (
          <p class="notice">{featureFrame.value ? "This layer cannot be read at this step." : "Loading …"}</p>
        )}
      </div>
      <footer class="sample-footer">
        <button
          type="button"
          class="icon-button"
          aria-label="Previous channel"
          title="Previous channel  ["
          data-testid="previous-channel"
          disabled={at <= 0}
          onClick={() => moveChannel(-1)}
        >
          <Icon name="left" />
        </button>
        <span class="page-number">{at >= 0 ? `${at + 1} / ${order.value.length}` : "–"}</span>
        <button
          type="button"
          class="icon-button"
          aria-label="Next channel"
          title="Next channel  ]"
          data-testid="next-channel"
          disabled={at >= order.value.length - 1}
          onClick={() => moveChannel(1)}
        >
          <Icon name="right" />
        </button>
        <Timeline testId="dialog-step-slider" />
      </footer>
    </Dialog>
  );
}
