/** What to log to see more of a run: the one thing that would add most. */
import type { RunSeries } from "../../state/overview_series.ts";
import { sampleSeries } from "../../state/overview_series.ts";
import type { Facts } from "./facts.ts";

/** Empty: it has all. */
export function hintFor(of: RunSeries, { probes, faithfulness }: Pick<Facts, "probes" | "faithfulness">): string {
  const series = sampleSeries(of);
  if (series.length === 0)
    return "To see accuracy, mistakes and maps here, explain a Probe: writer.explain(model, probe, step, [GradCAM()]).";
  if (probes.length === 0)
    return "To see accuracy and mistakes here, give the probe its labels: Probe(images, labels).";
  const maps = series.some(({ kind }) => kind === "HEATMAPS" || kind === "SUPERPIXELS");
  if (maps && faithfulness.length === 0)
    return "To see how far maps can be trusted, log figures with them: writer.explain(…, figures=[Insertion()]).";
  return "";
}
