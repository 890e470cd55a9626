/** Chooses the size of the window, for the enlarged sample and all tiles alike. */
import type { Windows } from "../../../render/occlusion/windows.ts";
import { chosenSlider, slider } from "../../../state/occlusion.ts";
import { Segmented } from "../../../widgets/Segmented.tsx";
import { Select } from "../../../widgets/Select.tsx";
import { sizeNames, sizeText } from "./words.ts";

/** More than this many sizes are listed rather than laid out. */
const LAID_OUT = 4;

/** `sizes`: the smallest first; without them, by name alone, where series of several sizes are meant at once. */
export function SliderChoice({ count, sizes }: { count: number; sizes?: readonly Windows[] }) {
  if (count < 2) return null;
  const names = sizeNames(count);
  const options = names.map((name, i): [string, string] => {
    const size = sizes?.[i];
    return [String(i + 1), size ? sizeText(size) : name];
  });
  const choice = {
    label: "Window",
    value: String(chosenSlider(count) + 1),
    options,
    testId: "slider",
    onChange: (value: string) => {
      slider.value = Number(value);
    },
  };
  return count > LAID_OUT ? <Select {...choice} /> : <Segmented {...choice} />;
}
