/** The path of a sample through the layers: the clusters that each puts its positions into, and where it turns to a class. */
import type { ClusterDetail } from "../../../data/clusters.ts";
import { layerTitle, type Series, seriesKey } from "../../../state/series.ts";
import type { Explanation } from "../cards.ts";

export type PathLayer = { explanation: Explanation; detail: ClusterDetail; name: string };

/** What the layers of one analysis have in common: the tag without the layer. */
export function analysisOf({ tag, layer }: Series): string {
  if (layer && tag.endsWith(`/${layer}`)) return tag.slice(0, -layer.length - 1);
  return tag.slice(0, Math.max(0, tag.lastIndexOf("/")));
}

/** The layers among what explains a sample, first in the network first; those of one analysis only. */
export function pathThrough(explanations: readonly Explanation[], analysis?: string): PathLayer[] {
  const layers = explanations.flatMap((explanation): PathLayer[] => {
    const detail = explanation.sample.targets[0]?.detail;
    const { series } = explanation.frame;
    return detail?.kind === "CLUSTERS" ? [{ explanation, detail, name: layerTitle(series) }] : [];
  });
  const wanted = analysis ?? (layers[0] && analysisOf(layers[0].explanation.frame.series));
  return layers
    .filter(({ explanation }) => analysisOf(explanation.frame.series) === wanted)
    .sort((a, b) => a.detail.order - b.detail.order);
}

/** The order of the layer at which the sample turns to its predicted class; the number of layers: at the output. */
export function turningOrder(path: readonly PathLayer[]): number | undefined {
  return path.find(({ detail }) => detail.turning !== undefined)?.detail.turning;
}

type Turn = { /** As far as it is known here. */ where: string /** Of the series to open. */; series: string };

/** Where the path turns, in words: a layer that is not among these is placed before or behind those that are, of `layers`. */
export function turnOf(path: readonly PathLayer[], layers: number): Turn | null {
  const order = turningOrder(path);
  if (order === undefined) return null;
  const at = path.find(({ detail }) => detail.order === order);
  const after = path.find(({ detail }) => detail.order > order);
  const near = at ?? after ?? path.at(-1);
  if (!near) return null;
  const word = near === at ? "at" : near === after ? "before" : "after";
  const where = order >= layers ? "at the output" : `${word} ${near.name}`;
  return { where, series: seriesKey(near.explanation.frame.series) };
}

/** Of the layers of each analysis only one: the shown one, or where the sample turns, or the last. Others are as they were. */
export function oneAnAnalysis(explanations: readonly Explanation[], shown: Explanation | undefined): Explanation[] {
  const standing = new Map<string, Explanation>();
  for (const { frame } of explanations) {
    const analysis = analysisOf(frame.series);
    if (frame.series.kind !== "CLUSTERS" || standing.has(analysis)) continue;
    const path = pathThrough(explanations, analysis);
    const chosen =
      path.find(({ explanation }) => explanation === shown) ??
      path.find(({ detail }) => detail.order === turningOrder(path)) ??
      path.at(-1);
    if (chosen) standing.set(analysis, chosen.explanation);
  }
  return explanations.filter(
    (explanation) =>
      explanation.frame.series.kind !== "CLUSTERS" ||
      standing.get(analysisOf(explanation.frame.series)) === explanation,
  );
}
