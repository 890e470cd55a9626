/** The view of channels: layers on the left, the channels of one of them, or of two side by side, and any channel enlarged. */
import { useEffect } from "preact/hooks";
import { EmptyState } from "../../shell/EmptyState.tsx";
import { onCommand } from "../../shell/keyboard.ts";
import { settingsOpen } from "../../shell/panes.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { featureFrame, followFeatures } from "../../state/feature_frame.ts";
import { featuresLoading, form, openChannel, panes } from "../../state/features.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { runs } from "../../state/runs.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import dialog from "../../styles/channel_dialog.css?inline";
import table from "../../styles/channel_table.css?inline";
import tiles from "../../styles/channel_tiles.css?inline";
import features from "../../styles/features.css?inline";
import "../explanations/style_sheets.ts";
import { ChannelDialog } from "./ChannelDialog.tsx";
import { ChannelGrid } from "./ChannelGrid.tsx";
import { ChannelTable } from "./ChannelTable.tsx";
import { FeatureSettings } from "./FeatureSettings.tsx";
import { FeatureToolbar } from "./FeatureToolbar.tsx";
import { HalfHeaders } from "./HalfHeaders.tsx";
import { ImageStrip } from "./ImageStrip.tsx";
import { LayerList } from "./LayerList.tsx";
import { followLayerFacts } from "./layer_facts.ts";
import { NoChannels } from "./NoChannels.tsx";
import { featureNumbers } from "./numbers.ts";
import { halves, moveChannel, moveImage } from "./reading.ts";

adoptStyles(features, tiles, table, dialog);

export function Features() {
  useEffect(followFeatures, []);
  useEffect(() => offerNumbers(featureNumbers), []);
  useEffect(followLayerFacts, []);
  useEffect(
    () =>
      onCommand((command) => {
        const by = command === "next" ? 1 : -1;
        if (openChannel.peek() === null) moveImage(by);
        else moveChannel(by);
      }),
    [],
  );
  if (runs.value === null) return <EmptyState />;
  if (panes.value.length === 0) return <NoChannels />;
  const Form = form.value === "grid" ? ChannelGrid : ChannelTable;
  return (
    <div
      class="explanations features"
      style={{ "--overlay-opacity": opacity.value }}
      data-peek={peeking.value || undefined}
    >
      <LayerList />
      {featureFrame.value ? (
        <div class="explanations-main">
          <FeatureToolbar />
          <ImageStrip />
          <div
            class="features-content"
            aria-busy={featuresLoading.value}
            data-testid="features"
            data-step={featureFrame.value.step}
          >
            <HalfHeaders />
            {halves.value.length > 0 && <Form />}
          </div>
        </div>
      ) : (
        <Skeletons />
      )}
      {settingsOpen.value && <FeatureSettings />}
      <ChannelDialog />
    </div>
  );
}

/** What the toolbar offers follows from the first records: it comes with them. */
function Skeletons() {
  return (
    <div key="waiting" class="explanations-main" aria-busy="true" data-testid="features">
      <div class="channel-skeletons" aria-hidden="true">
        {Array.from({ length: 24 }, (_, i) => (
          <div key={i} class="skeleton" />
        ))}
      </div>
    </div>
  );
}
