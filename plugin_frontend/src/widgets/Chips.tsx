/** A choice of any number of names. */
type Props = {
  label: string;
  names: readonly string[];
  chosen: ReadonlySet<string>;
  onToggle: (name: string) => void;
  testId: string;
  /** What is written on a chip, when it is not the name itself. */
  title?: (name: string) => string;
};

export function Chips({ label, names, chosen, onToggle, testId, title }: Props) {
  if (names.length === 0) return null;
  return (
    <fieldset class="chips" data-testid={testId}>
      <legend>{label}</legend>
      {names.map((name) => (
        <label key={name} class="chip">
          <input type="checkbox" checked={chosen.has(name)} onChange={() => onToggle(name)} />
          <span title={name}>{title?.(name) ?? (name.trim() || "(no name)")}</span>
        </label>
      ))}
    </fieldset>
  );
}
