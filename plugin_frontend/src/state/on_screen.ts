/** What is on screen and what is on its way, whichever view is shown. */
import { computed } from "@preact/signals";
import { compareLoading, compareStep } from "./compare.ts";
import { featuresLoading, featuresStep } from "./features.ts";
import { frameStep, loading } from "./frame.ts";
import { overviewFrame, overviewLoading } from "./overview_frame.ts";
import { projectionLoading, projectionStep } from "./projections.ts";
import { view } from "./view.ts";

export const busy = computed(() => {
  if (view.value === "features") return featuresLoading.value;
  if (view.value === "compare") return compareLoading.value;
  if (view.value === "overview") return overviewLoading.value;
  return loading.value || (view.value === "projection" && projectionLoading.value);
});

export const stepOnScreen = computed(() => {
  if (view.value === "features") return featuresStep.value;
  if (view.value === "compare") return compareStep.value;
  if (view.value === "overview") return overviewFrame.value?.step ?? null;
  return view.value === "projection" ? projectionStep.value : frameStep.value;
});
