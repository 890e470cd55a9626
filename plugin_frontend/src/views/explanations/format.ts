/** Numbers in words. */

export function counted(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

export function percent(probability: number | undefined): string {
  if (probability === undefined) return "";
  if (probability > 0.999 && probability < 1) return "> 99.9%";
  if (probability > 0 && probability < 0.001) return "< 0.1%";
  return probability === 1 ? "100%" : `${(100 * probability).toFixed(1)}%`;
}

export function wholePercent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

/** Three significant digits, without a tail of zeros. */
export function compact(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return (size >= 1e4 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)))).replaceAll(
    "-",
    "−",
  );
}

/** The error with two significant digits, and the value as far as the error lets it count. */
export function withError(value: number, error: number | undefined): string {
  if (error === undefined || !(error > 0)) return compact(value);
  const rounded = Number(error.toPrecision(2));
  const digits = Math.max(0, 1 - Math.floor(Math.log10(rounded)));
  if (digits > 6) return `${compact(value)} ± ${compact(error)}`;
  return `${value.toFixed(digits)} ± ${rounded.toFixed(digits)}`.replace("-", "−");
}
