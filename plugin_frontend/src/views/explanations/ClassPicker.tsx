/** Chooses the class to explain: by its role, or by name among the logged ones, which a text field searches. */
import { useSignal } from "@preact/signals";
import type { ClassChoice } from "../../state/samples.ts";

const ROLES: [ClassChoice, string][] = [
  ["predicted", "Predicted"],
  ["label", "True label"],
  ["second", "2nd most probable"],
  ["third", "3rd most probable"],
];

type Props = { value: ClassChoice; classes: [number, string][]; onChange: (choice: ClassChoice) => void };

export function ClassPicker({ value, classes, onChange }: Props) {
  const options: [ClassChoice, string][] = [...ROLES, ...classes];
  const draft = useSignal<string | null>(null); // what is being typed
  const current = options.find(([choice]) => choice === value)?.[1] ?? `class ${value}`;

  const take = (text: string) => {
    const found = options.find(([, name]) => name.toLowerCase() === text.trim().toLowerCase());
    draft.value = found ? null : text;
    if (found) onChange(found[0]);
  };

  return (
    <label class="select class-picker">
      <span class="select-label">Class</span>
      <input
        type="text"
        list="classes"
        data-testid="class"
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
      <datalist id="classes">
        {options.map(([choice, name]) => (
          <option key={choice} value={name} />
        ))}
      </datalist>
    </label>
  );
}
