/** What there is to look at of a sample's reconstructions: the input, then what was made of it, from the first layer on. */
import type { Reconstruction, ReconstructionDetail } from "../../../data/reconstructions.ts";
import { mostAbstract } from "../../../data/reconstructions.ts";
import type { StoredPicture } from "../../../data/volumes.ts";
import { titleOfLayer } from "../../../state/series.ts";

export type Item = {
  /** Unique among the items of a sample. */
  key: string;
  title: string;
  /** How it came about, in a sentence. */
  says: string;
  picture: StoredPicture;
  /** Sum of squared differences from the input. */
  error: number | undefined;
};

export function itemsOf({ input, reconstructions }: ReconstructionDetail): Item[] {
  const own: Item = { key: "input", title: "input", says: "The sample itself.", picture: input, error: undefined };
  return [own, ...reconstructions.map(itemOf)];
}

function itemOf({ layer: path, throughCentroids, picture, error }: Reconstruction, index: number): Item {
  const layer = titleOfLayer(path);
  const source = throughCentroids
    ? `the centroids of ${layer ? `${layer}'s ` : ""}clusters, each in place of the vectors nearest to it`
    : layer
      ? `what ${layer} computed`
      : "the probabilities of the classes alone";
  const title = `${layer || "class"}${throughCentroids ? " · centroids" : ""}`;
  return { key: `${index}`, title, says: `Reconstructed from ${source}.`, picture, error };
}

/** Which of the items is enlarged: the chosen one, or the most abstract. */
export function chosenOf({ reconstructions }: ReconstructionDetail, chosen: number | null): number {
  if (chosen !== null && chosen <= reconstructions.length) return chosen;
  const abstract = mostAbstract(reconstructions);
  return abstract ? reconstructions.indexOf(abstract) + 1 : 0;
}

/** The largest error of all, by which bars are scaled. */
export function worst(items: readonly Item[]): number {
  return Math.max(0, ...items.map(({ error }) => error ?? 0));
}
