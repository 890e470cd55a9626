/** Which methods and which layers are shown. */
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

export function SeriesChips() {
  return (
    <>
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
    </>
  );
}
