/** Numbers and flags in words. */
import { Flag } from "../../records/explain_pb.ts";

export function percent(probability: number | undefined): string {
  if (probability === undefined) return "";
  if (probability > 0.999 && probability < 1) return "> 99.9%";
  if (probability > 0 && probability < 0.001) return "< 0.1%";
  return `${(100 * probability).toFixed(1)}%`;
}

/** Three significant digits, without a tail of zeros. */
export function compact(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return (size >= 1e4 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)))).replace("-", "−");
}

const WORDS: [Flag, string, string][] = [
  [Flag.NOT_FINITE, "not finite", "The map had NaN or infinite values; they are drawn as 0"],
  [Flag.ZERO_GRADIENT, "gradient vanished", "The target's gradient vanished at the layer"],
  [Flag.ALL_ZERO, "all zero", "The map is zero everywhere"],
];

/** Why a map cannot be trusted: short words, and a sentence. */
export function warnings(flags: number): { text: string; title: string }[] {
  return WORDS.filter(([flag]) => flags & flag).map(([, text, title]) => ({ text, title }));
}
