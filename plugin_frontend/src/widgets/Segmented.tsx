/** A choice between a few things, all of them in sight. */
import { useId } from "preact/hooks";

type Props<Value extends string> = {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
  testId?: string;
  /** There is no choice (yet): it keeps its place, so that nothing moves when there is one. */
  disabled?: boolean;
};

export function Segmented<Value extends string>({ label, value, options, onChange, testId, disabled }: Props<Value>) {
  const group = useId(); // the same choice may be offered at two places
  return (
    <fieldset class="segmented" data-testid={testId} disabled={disabled}>
      <legend>{label}</legend>
      <div class="segments">
        {options.map(([option, title]) => (
          <label key={option}>
            <input
              type="radio"
              name={group}
              value={option}
              checked={option === value}
              onChange={() => onChange(option)}
            />
            <span>{title}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
