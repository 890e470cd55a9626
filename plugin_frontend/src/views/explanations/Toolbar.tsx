/** What is shown: methods, layers, class and samples. */
import { className } from "../../state/class_names.ts";
import { type ClassChoice, classChoice } from "../../state/samples.ts";
import {
  chosenLayers,
  chosenMethods,
  layerSelection,
  layers,
  methodSelection,
  methods,
  toggle,
} from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
import { ClassPicker } from "./ClassPicker.tsx";
import { SampleChoice } from "./SampleChoice.tsx";
import { loggedClasses } from "./sections.ts";

export function Toolbar() {
  return (
    <div class="view-toolbar" role="toolbar" aria-label="What is shown">
      <Chips
        label="Methods"
        names={methods.value}
        chosen={chosenMethods.value}
        onToggle={(name) => toggle(methodSelection, chosenMethods.value, name)}
        testId="methods"
      />
      <Chips
        label="Layers"
        names={layers.value}
        chosen={chosenLayers.value}
        onToggle={(name) => toggle(layerSelection, chosenLayers.value, name)}
        testId="layers"
      />
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
