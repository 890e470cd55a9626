/** Counts, steps and times in words. */
import { spanText } from "../../state/overview_logged.ts";
import { counted } from "../explanations/format.ts";

export function stepRange(steps: readonly number[]): string {
  const [first] = steps;
  const last = steps.at(-1);
  if (first === undefined || last === undefined) return "";
  return first === last ? `step ${first}` : `${counted(steps.length, "step")}, ${first} – ${last}`;
}

export function ago(time: number, now: number): string {
  return now - time < 1 ? "now" : `${spanText(now - time)} ago`;
}

/** A share without decimals unless these tell it from all or nothing. */
export function share(value: number): string {
  const whole = Math.round(100 * value);
  if ((whole === 100 && value < 1) || (whole === 0 && value > 0)) return `${(100 * value).toFixed(1)}%`;
  return `${whole}%`;
}

export function decimals(value: number): string {
  return value.toFixed(2).replace("-", "−");
}
