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
  const byName = new Map<string, Value>(); // of two things of one name the second says which it is
  for (const [option, name] of options) byName.set(byName.has(name) ? `${name} (${option})` : name, option);
  const named = [...byName];
  const current = named.find(([, option]) => option === value)?.[0] ?? otherwise;

  const take = (text: string) => {
    const typed = text.trim();
    const found =
      named.find(([name]) => name === typed) ?? named.find(([name]) => name.toLowerCase() === typed.toLowerCase());
    draft.value = found ? null : text;
    if (found) onChange(found[1]);
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
        {named.map(([name]) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
