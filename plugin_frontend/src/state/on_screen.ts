/** What is on screen and what is on its way, whichever view is shown. */
import { computed } from "@preact/signals";
import { featureFrame, featuresLoading } from "./feature_frame.ts";
import { frameStep, loading } from "./frame.ts";
import { projectionLoading, projectionStep } from "./projections.ts";
import { view } from "./view.ts";

export const busy = computed(() => {
  if (view.value === "features") return featuresLoading.value;
  return loading.value || (view.value === "projection" && projectionLoading.value);
});

export const stepOnScreen = computed(() => {
  if (view.value === "features") return featureFrame.value?.step ?? null;
  return view.value === "projection" ? projectionStep.value : frameStep.value;
});
