/** The bar at the top: name, views, what went wrong, reload, and panes. */
import type { Signal } from "@preact/signals";
import { inReport } from "../host/window.ts";
import { busy } from "../state/on_screen.ts";
import { reload, reloading } from "../state/polling.ts";
import { view } from "../state/view.ts";
import { VIEWS } from "../views/registry.ts";
import { Icon } from "../widgets/Icon.tsx";
import { Tabs } from "../widgets/Tabs.tsx";
import { CopyLink } from "./CopyLink.tsx";
import { DownloadMenu } from "./DownloadMenu.tsx";
import { helpOpen, problemsOpen, settingsOpen, sidebarOpen } from "./panes.ts";
import { problemSummary } from "./problems.ts";

const flip = (pane: Signal<boolean>) => () => {
  pane.value = !pane.value;
};

export function TopBar() {
  return (
    <header class="top-bar">
      <button
        type="button"
        class="icon-button"
        aria-label="Runs and filters"
        aria-expanded={sidebarOpen.value}
        title="Runs and filters"
        onClick={flip(sidebarOpen)}
      >
        <Icon name="menu" />
      </button>
      <h1>Explain</h1>
      {VIEWS.length > 1 && (
        <Tabs
          label="Views"
          name="view"
          class="view-tabs"
          controls="view"
          tabs={VIEWS}
          chosen={view.value}
          onChoose={(id) => {
            view.value = id;
          }}
        />
      )}
      <span class="spacer" />
      {problemSummary.value && (
        // A key of its own: it must not take the place of a button beside it when it appears.
        <button
          key="problems"
          type="button"
          class="text-button problems-button"
          data-testid="problems"
          onClick={flip(problemsOpen)}
        >
          <Icon name="warning" />
          {problemSummary.value}
        </button>
      )}
      <CopyLink />
      <DownloadMenu />
      {!inReport && (
        <button
          type="button"
          class="icon-button"
          aria-label="Reload"
          title="Reload"
          data-testid="reload"
          data-busy={reloading.value || undefined}
          onClick={reload}
        >
          <Icon name="reload" />
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label="Overlay settings"
        aria-expanded={settingsOpen.value}
        title="Overlay settings"
        onClick={flip(settingsOpen)}
      >
        <Icon name="tune" />
      </button>
      <button type="button" class="icon-button" aria-label="Keyboard" title="Keyboard  ?" onClick={flip(helpOpen)}>
        <Icon name="help" />
      </button>
      <div class="progress" data-busy={busy.value || undefined} />
    </header>
  );
}
