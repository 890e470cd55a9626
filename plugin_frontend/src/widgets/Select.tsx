/** A labelled native drop-down. */
type Props<Value extends string> = {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
  testId?: string;
  /** Of one width, whatever there is to choose: what stands beside it keeps its place when more is offered. */
  fixed?: boolean;
};

export function Select<Value extends string>({ label, value, options, onChange, testId, fixed }: Props<Value>) {
  return (
    <label class="select" data-fixed={fixed}>
      <span class="select-label">{label}</span>
      <select
        data-testid={testId}
        value={value}
        disabled={options.length === 0}
        onChange={(event) => onChange(event.currentTarget.value as Value)}
      >
        {options.map(([option, title]) => (
          <option key={option} value={option} selected={option === value}>
            {title.trim() || "(no name)"}
          </option>
        ))}
      </select>
    </label>
  );
}
