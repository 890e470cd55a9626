/** Chooses the class to explain: by its role, or by name among the logged ones. */
import type { ClassChoice } from "../../state/samples.ts";
import { SearchSelect } from "../../widgets/SearchSelect.tsx";

const ROLES: [ClassChoice, string][] = [
  ["predicted", "Predicted"],
  ["label", "True label"],
  ["second", "2nd most probable"],
  ["third", "3rd most probable"],
];

type Props = { value: ClassChoice; classes: [number, string][]; onChange: (choice: ClassChoice) => void };

export function ClassPicker({ value, classes, onChange }: Props) {
  return (
    <SearchSelect<ClassChoice>
      label="Class"
      id="classes"
      value={value}
      options={[...ROLES, ...classes]}
      otherwise={`class ${value}`}
      onChange={onChange}
      testId="class"
    />
  );
}
