/** Scores, drops and interactions of hidden windows in words. */
import type { Windows } from "../../../data/windows.ts";
import { compact, percent } from "../format.ts";

export function scoreText(score: string, value: number): string {
  if (!Number.isFinite(value)) return "not known";
  if (score === "probability") return percent(value);
  return score === "log-odds" ? `${compact(value)} (${percent(sigmoid(value))})` : compact(value);
}

/** A difference of scores; of probabilities in percentage points. */
export function dropText(score: string, drop: number): string {
  if (!Number.isFinite(drop)) return "not known";
  const size = score === "probability" ? `${(100 * Math.abs(drop)).toFixed(1)} pp` : compact(Math.abs(drop));
  return drop < 0 && /[1-9]/.test(size) ? `−${size}` : size;
}

/** How far a bar reaches, from 0 to 1: scores that are probabilities say so themselves, others reach from `low` to `high`. */
export function barLength(score: string, value: number, low: number, high: number): number {
  if (!Number.isFinite(value)) return 0;
  if (score === "probability") return value;
  if (score === "log-odds") return sigmoid(value);
  return high > low ? (value - low) / (high - low) : 0;
}

export function sizeText({ height, width }: Windows): string {
  return height === width ? `${width} px` : `${width} × ${height} px`;
}

/** Names of the sizes, the smallest first; numbers of pixels alone where there are more than words for them. */
export function sizeNames(count: number): string[] {
  return (
    [["All"], ["Small", "Large"], ["Small", "Medium", "Large"]][count - 1] ??
    Array.from({ length: count }, (_, i) => `${i + 1}`)
  );
}

/** Interactions smaller than this are none: two hundredths of a probability, a tenth of a logit. */
const NEGLIGIBLE = { probability: 0.02, other: 0.1 };

type Relation = { name: string; sentence: string };

/** What the sign of an interaction says about two windows. */
export function relation(score: string, interaction: number): Relation {
  const negligible = score === "probability" ? NEGLIGIBLE.probability : NEGLIGIBLE.other;
  if (interaction > negligible)
    return {
      name: "Needed together",
      sentence: "Either one missing already costs part of what both missing cost: the model wants both.",
    };
  if (interaction < -negligible)
    return {
      name: "Substitutes",
      sentence: "Both missing cost more than each alone, summed: while one is there, the other can be spared.",
    };
  return { name: "Independent", sentence: "Both missing cost what each costs alone, summed." };
}

function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
