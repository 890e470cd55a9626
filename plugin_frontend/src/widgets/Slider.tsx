/** A labelled slider that shows its value. */
type Props = {
  label: string;
  /** A signal, or what reads and writes like one. */
  value: { value: number };
  min: number;
  max: number;
  step: number;
  testId: string;
  format: (value: number) => string;
  disabled?: boolean;
};

export function Slider({ label, value, min, max, step, testId, format, disabled }: Props) {
  return (
    <label class="slider">
      <span>{label}</span>
      <output>{format(value.value)}</output>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value.value}
        style={{ "--filled": max > min ? (value.value - min) / (max - min) : 0 }}
        aria-valuetext={format(value.value)}
        data-testid={testId}
        disabled={disabled}
        onInput={(event) => {
          value.value = event.currentTarget.valueAsNumber;
        }}
      />
    </label>
  );
}
