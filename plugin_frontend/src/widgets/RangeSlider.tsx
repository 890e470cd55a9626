/** A slider with two thumbs, for a range of values. */
type Props = {
  label: string;
  /** Signals, or what reads and writes like them. */
  low: { value: number };
  high: { value: number };
  min: number;
  max: number;
  step: number;
  testId: string;
  format: (value: number) => string;
};

export function RangeSlider({ label, low, high, min, max, step, testId, format }: Props) {
  const share = (value: number) => (value - min) / (max - min);
  return (
    <fieldset class="range-slider" data-testid={testId}>
      <legend>
        <span>{label}</span>
        <output>
          {format(low.value)} – {format(high.value)}
        </output>
      </legend>
      <div class="range-thumbs" style={{ "--from": share(low.value), "--to": share(high.value) }}>
        <input
          type="range"
          aria-label={`${label} from`}
          style={{ zIndex: Number(share(low.value) > 0.5) }} // where both are at the end, only this one can move
          aria-valuetext={format(low.value)}
          min={min}
          max={max}
          step={step}
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
          min={min}
          max={max}
          step={step}
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
