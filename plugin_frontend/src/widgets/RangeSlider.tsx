/** A slider with two thumbs, for a range between 0 and 1. */
type Props = {
  label: string;
  /** Signals, or what reads and writes like them. */
  low: { value: number };
  high: { value: number };
  testId: string;
  format: (value: number) => string;
};

export function RangeSlider({ label, low, high, testId, format }: Props) {
  return (
    <fieldset class="range-slider" data-testid={testId}>
      <legend>
        <span>{label}</span>
        <output>
          {format(low.value)} – {format(high.value)}
        </output>
      </legend>
      <div class="range-thumbs" style={{ "--from": low.value, "--to": high.value }}>
        <input
          type="range"
          aria-label={`${label} from`}
          style={{ zIndex: Number(low.value > 0.5) }} // where both are at the end, only this one can move
          aria-valuetext={format(low.value)}
          min={0}
          max={1}
          step={0.01}
          value={low.value}
          onInput={(event) => {
            low.value = Math.min(event.currentTarget.valueAsNumber, high.value);
            event.currentTarget.valueAsNumber = low.value; // the thumbs do not pass each other
          }}
        />
        <input
          type="range"
          aria-label={`${label} to`}
          aria-valuetext={format(high.value)}
          min={0}
          max={1}
          step={0.01}
          value={high.value}
          onInput={(event) => {
            high.value = Math.max(event.currentTarget.valueAsNumber, low.value);
            event.currentTarget.valueAsNumber = high.value;
          }}
        />
      </div>
    </fieldset>
  );
}
