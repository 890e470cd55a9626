/** The entry point: TensorBoard imports this module into the plugin's iframe and calls `render`. */
import { render as mount } from "preact";
import { adoptFonts } from "./host/fonts.ts";
import { onDataReloaded } from "./host/reload.ts";
import { followTheme } from "./host/theme.ts";
import { followVisibility } from "./host/visibility.ts";
import { inReport } from "./host/window.ts";
import { App } from "./shell/App.tsx";
import { listenToKeys } from "./shell/keyboard.ts";
import { paneBindings } from "./shell/panes.ts";
import { followFrame } from "./state/frame.ts";
import { restoreLasso } from "./state/lasso_link.ts";
import { followLink } from "./state/link_state.ts";
import { stepOnScreen } from "./state/on_screen.ts";
import { followOpenSample } from "./state/open_row.ts";
import { reload, startPolling } from "./state/polling.ts";
import { followSamplePage } from "./state/sample_page.ts";
import { keepOffLink } from "./state/settings.ts";
import { followSteps } from "./state/steps.ts";
import { runPlayback, speedBindings } from "./state/timeline.ts";
import { adoptStyles } from "./styles/adopt.ts";
import base from "./styles/base.css?inline";
import preferences from "./styles/preferences.css?inline";
import shell from "./styles/shell.css?inline";
import tokens from "./styles/tokens.css?inline";
import widgets from "./styles/widgets.css?inline";

export function render(): void {
  if (!inReport) document.title = "Explain for TensorBoard";
  document.documentElement.lang = "en";
  adoptStyles(tokens, base, widgets, shell, preferences);
  followTheme();
  followVisibility();
  keepOffLink([...speedBindings, ...paneBindings]);
  followLink();
  followSteps();
  followFrame();
  runPlayback(stepOnScreen);
  followOpenSample();
  followSamplePage();
  restoreLasso();
  onDataReloaded(reload);
  listenToKeys();
  startPolling();
  adoptFonts().finally(() => mount(<App />, document.body));
}
