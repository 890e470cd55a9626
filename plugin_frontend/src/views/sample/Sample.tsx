/** The view of one sample: everything about it through training, or the samples to choose one from. */
import { useEffect } from "preact/hooks";
import { isTypedInto, onCommand } from "../../shell/keyboard.ts";
import { settingsOpen } from "../../shell/panes.ts";
import { opacity, peeking } from "../../state/appearance.ts";
import { pointed } from "../../state/clusters.ts";
import { loading } from "../../state/frame.ts";
import { offerNumbers } from "../../state/numbers.ts";
import { leavePage } from "../../state/sample_page.ts";
import { openSample, tileSize } from "../../state/samples.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import courses from "../../styles/sample_courses.css?inline";
import styles from "../../styles/sample_page.css?inline";
import { OverlaySettings } from "../explanations/OverlaySettings.tsx";
import { moveSample } from "../explanations/opened.ts";
import { turnPage } from "../explanations/sections.ts";
import "../explanations/style_sheets.ts";
import { Chooser } from "./Chooser.tsx";
import { sampleNumbers } from "./numbers.ts";
import { SamplePage } from "./SamplePage.tsx";

adoptStyles(styles, courses);

export function Sample() {
  useEffect(() => offerNumbers(sampleNumbers), []);
  useEffect(
    () =>
      onCommand((command) => {
        const by = command === "next" ? 1 : -1;
        if (openSample.peek()) moveSample(by);
        else turnPage(by);
      }),
    [],
  );
  useEffect(() => {
    const listen = ({ key, target }: KeyboardEvent) => {
      if (key !== "Escape" || isTypedInto(target)) return;
      if (openSample.peek() && !document.querySelector("dialog[open]")) leavePage(); // of an open dialog it is the key too
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  useEffect(
    () => () => {
      pointed.value = null;
    },
    [],
  );
  const style = { "--overlay-opacity": opacity.value, "--tile": `${tileSize.value}px` };
  return (
    <div class="explanations" style={style} data-peek={peeking.value || undefined}>
      <div class="explanations-main" aria-busy={loading.value}>
        {openSample.value ? <SamplePage open={openSample.value} /> : <Chooser />}
      </div>
      {settingsOpen.value && <OverlaySettings />}
    </div>
  );
}
