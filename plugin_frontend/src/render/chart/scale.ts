/** Scales of charts: round ticks, the range that values need, and short numbers beside an axis. */

export type Extent = { low: number; high: number };

/** Of what is known among the values; equal ones get room above and below. `null`: nothing is known. */
export function extentOf(values: Iterable<number | undefined>): Extent | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === undefined || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return null;
  if (low < high) return { low, high };
  const room = Math.abs(low) / 10 || 1;
  return { low: low - room, high: high + room };
}

/** The numbers 1, 2 or 5 times a power of ten apart that lie in the range: at most `most`, which is 2 or more. */
export function ticks({ low, high }: Extent, most: number, smallest = 0): number[] {
  if (!(high > low)) return [low];
  for (let power = Math.floor(Math.log10((high - low) / most)); ; power++)
    for (const factor of [1, 2, 5]) {
      const distance = factor * 10 ** power;
      if (distance < smallest) continue;
      const first = Math.ceil(low / distance - 1e-9);
      const last = Math.floor(high / distance + 1e-9);
      if (last - first + 1 > most) continue;
      // Divided by a power of ten, so that 0.3 is not 0.30000000000000004.
      const at = (i: number) => (power < 0 ? (i * factor) / 10 ** -power : i * distance) + 0;
      return Array.from({ length: last - first + 1 }, (_, i) => at(first + i));
    }
}

/** As long as they need be to differ from each other. */
export function tickTexts(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  const distance = values.length > 1 ? Math.abs((values[1] as number) - (values[0] as number)) : largest;
  if (largest >= 1e15 || (largest > 0 && largest < 1e-4)) return values.map((value) => minus(value.toExponential(0)));
  const [size, unit] = UNITS.find(([size]) => largest >= 10 * size) ?? [1, ""];
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(distance / size || 1) + 1e-9)));
  return values.map((value) => (value === 0 ? "0" : `${minus((value / size).toFixed(digits))}${unit}`));
}

/** A thousand stays a thousand: steps are read as numbers. */
const UNITS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

function minus(text: string): string {
  return text.replaceAll("-", "−");
}
