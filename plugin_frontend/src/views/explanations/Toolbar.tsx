/** What is shown: methods, layers, class and samples. */
import { className } from "../../state/class_names.ts";
import { type ClassChoice, classChoice } from "../../state/samples.ts";
import { ClassPicker } from "./ClassPicker.tsx";
import { SampleChoice } from "./SampleChoice.tsx";
import { SeriesChips } from "./SeriesChips.tsx";
import { loggedClasses } from "./sections.ts";

export function Toolbar() {
  return (
    <div class="view-toolbar" role="toolbar" aria-label="What is shown">
      <SeriesChips />
      <ClassPicker
        value={classChoice.value}
        classes={loggedClasses.value.map(([index, names]): [number, string] => [index, className(names, index)])}
        onChange={(choice: ClassChoice) => {
          classChoice.value = choice;
        }}
      />
      <SampleChoice />
    </div>
  );
}
