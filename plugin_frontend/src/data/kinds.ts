/** The kinds of records that the page can show. A new kind is a name here, a decoder in payloads.ts, and a panel in views/explanations/details.ts. */

export const KINDS = [
  "HEATMAPS",
  "SUPERPIXELS",
  "OCCLUSION",
  "OCCLUSION_PAIRS",
  "CORRELATIONS",
  "RECONSTRUCTIONS",
  "CLUSTERS",
] as const;

export type Kind = (typeof KINDS)[number];

/** What the page asks for: records of samples, and those that have a view and a decoder of their own. */
export const LISTED_KINDS: readonly string[] = [...KINDS, "CHANNELS", "PROJECTION"];

export function isKind(kind: string): kind is Kind {
  return (KINDS as readonly string[]).includes(kind);
}
