/** A choice of any number of names. */
type Props = {
  label: string;
  names: readonly string[];
  chosen: ReadonlySet<string>;
  onToggle: (name: string) => void;
  testId: string;
};

export function Chips({ label, names, chosen, onToggle, testId }: Props) {
  if (names.length === 0) return null;
  return (
    <fieldset class="chips" data-testid={testId}>
      <legend>{label}</legend>
      {names.map((name) => (
        <label key={name} class="chip">
          <input type="checkbox" checked={chosen.has(name)} onChange={() => onToggle(name)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
