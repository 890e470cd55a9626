/** A choice among many things by name, which a text field searches. */
import { useSignal } from "@preact/signals";

type Props<Value> = {
  label: string;
  /** Unique on the page. */
  id: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  /** What is written for a value that is not among the options. */
  otherwise: string;
  onChange: (value: Value) => void;
  testId: string;
};

export function SearchSelect<Value>({ label, id, value, options, otherwise, onChange, testId }: Props<Value>) {
  const draft = useSignal<string | null>(null); // what is being typed
  const current = options.find(([option]) => option === value)?.[1] ?? otherwise;

  const take = (text: string) => {
    const found = options.find(([, name]) => name.toLowerCase() === text.trim().toLowerCase());
    draft.value = found ? null : text;
    if (found) onChange(found[0]);
  };

  return (
    <label class="select search-select">
      <span class="select-label">{label}</span>
      <input
        type="text"
        list={id}
        data-testid={testId}
        value={draft.value ?? current}
        spellcheck={false}
        onFocus={() => {
          draft.value = ""; // an empty field lists everything
        }}
        placeholder={current}
        onInput={(event) => take(event.currentTarget.value)}
        onBlur={() => {
          draft.value = null;
        }}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <datalist id={id}>
        {options.map(([option, name]) => (
          <option key={String(option)} value={name} />
        ))}
      </datalist>
    </label>
  );
}
