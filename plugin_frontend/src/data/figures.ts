/** Quality figures of maps: what each is called and says, how it reads, and whether the map beats one that knows nothing. */
import { Better } from "../records/messages.ts";
import { ERROR_RATIO, ERRORS, errorText } from "./errors.ts";
import type { Figure } from "./explained.ts";

type Description = {
  label: string;
  sentence: string;
  unit?: string;
  /** It has no largest value, so a bar would say nothing. */
  unbounded?: boolean;
};

/** In the order in which they are shown. Figures that are not listed keep their own name and come last. */
const DESCRIPTIONS: ReadonlyMap<string, Description> = new Map([
  [
    "insertion",
    {
      label: "Insertion",
      sentence:
        "Mean probability while the image is restored, the map's strongest pixels first: high when they suffice for the class.",
    },
  ],
  [
    "deletion",
    {
      label: "Deletion",
      sentence:
        "Mean probability while the image is removed, the map's strongest pixels first: low when the class needs them.",
    },
  ],
  [
    "road",
    {
      label: "ROAD",
      sentence:
        "How much more probability goes with the map's strongest pixels than with its weakest, half of it; holes are filled in from their neighbours.",
    },
  ],
  [
    "average_drop",
    {
      label: "Average drop",
      sentence: "Share of the probability that is lost when only what the map highlights is kept.",
    },
  ],
  [
    "increase",
    {
      label: "Increase",
      sentence: "Whether the probability rises when only what the map highlights is kept: 1 if it does.",
    },
  ],
  ["pointing", { label: "Pointing", sentence: "Whether the map's highest pixel lies on the object: 1 if it does." }],
  [
    "energy_inside",
    { label: "Energy inside", sentence: "Share of the map's positive values that lies on the object." },
  ],
  [
    "sparseness",
    { label: "Sparseness", sentence: "How concentrated the map is (Gini index): 0 spread evenly, 1 a single pixel." },
  ],
  [
    "completeness",
    {
      label: "Completeness gap",
      sentence: "How far the map's sum is from what it should add up to, as a share of it: 0 when exact.",
    },
  ],
  [
    "random_logit",
    {
      label: "Random logit",
      sentence:
        "Similarity to the map of another class, drawn at random: high when the map does not depend on the class.",
    },
  ],
  [
    "randomisation",
    {
      label: "Randomisation",
      sentence:
        "Rank correlation with the map of the same network after its weights were randomised: high when the map does not depend on what was learned.",
    },
  ],
  [
    "drift_spearman",
    {
      label: "Drift, rank",
      sentence: "Rank correlation with the map of the same image at the step logged before: 1 when nothing changed.",
    },
  ],
  [
    "drift_pixels",
    {
      label: "Drift, centre",
      sentence: "How far the map's centre of mass has moved since the step logged before.",
      unit: "px",
    },
  ],
  [
    ERROR_RATIO,
    {
      label: "E4 / E1",
      sentence:
        "How many times the input differs more from its class's reconstruction than from its own; about the same for right and wrong samples.",
      unbounded: true,
    },
  ],
  ...ERRORS.map((name, i): [string, Description] => [
    name,
    {
      label: `E${i + 1} ${name.replace("–", " – ")}`,
      sentence: "Sum of squared differences between the two.",
      unbounded: true,
    },
  ]),
]);

const RANKS = new Map([...DESCRIPTIONS.keys()].map((name, rank) => [name, rank]));

export function figureLabel(name: string): string {
  return DESCRIPTIONS.get(name)?.label ?? name;
}

/** What the figure says, and which direction is better. */
export function figureSentence({ name, better }: Figure): string {
  const says = DESCRIPTIONS.get(name)?.sentence ?? "";
  return [says, DIRECTIONS[better]].filter(Boolean).join(" ");
}

const DIRECTIONS: Record<Better, string> = {
  [Better.NEITHER]: "",
  [Better.HIGHER]: "Higher is better.",
  [Better.LOWER]: "Lower is better.",
};

export function figureText(name: string, value: number | undefined): string {
  if (value === undefined) return "–";
  const { unit, unbounded } = DESCRIPTIONS.get(name) ?? {};
  if (unbounded) return errorText(value);
  if (unit) return `${value.toFixed(1)} ${unit}`;
  const small = value !== 0 && Math.abs(value) < 0.005; // such as an error, which must not read as none
  return (small ? Number(value.toPrecision(1)).toString() : value.toFixed(2)).replaceAll("-", "−");
}

/** Names in the order in which figures are shown, each once. */
export function figureOrder(names: Iterable<string>): string[] {
  const rank = (name: string) => RANKS.get(name) ?? RANKS.size;
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b));
}

/** Whether the map is no better than noise; `undefined` when nobody can say. */
export function noBetterThanRandom({ value, random, better }: Figure): boolean | undefined {
  if (random === undefined || better === Better.NEITHER) return undefined;
  return better === Better.HIGHER ? value <= random : value >= random;
}

/** How much better than noise the map is, below 0 when it is worse; `undefined` when nobody can say. */
export function advantageOverRandom({ value, random, better }: Figure): number | undefined {
  if (random === undefined || better === Better.NEITHER) return undefined;
  return better === Better.HIGHER ? value - random : random - value;
}

/** The end of a figure's values at which the worst maps are. */
export function worstEnd(better: Better): "low" | "high" {
  return better === Better.LOWER ? "high" : "low";
}

/** The ends of the bar that a figure is drawn on: 0 to 1, or wider when its numbers are; `null`: a bar would say nothing. */
export function figureScale({ name, value, random, centred }: Figure): { low: number; high: number } | null {
  const known = [value, random, centred].filter((number) => number !== undefined);
  const { unit, unbounded } = DESCRIPTIONS.get(name) ?? {};
  if (unbounded || (unit && known.length === 1)) return null;
  return { low: Math.min(0, ...known), high: Math.max(1, ...known) };
}
