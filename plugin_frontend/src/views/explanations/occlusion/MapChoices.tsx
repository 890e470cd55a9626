/** Chooses which map of occlusion is drawn, in the enlarged sample and in all tiles alike. */
import type { PairView } from "../../../data/occlusion_pairs.ts";
import type { Windows } from "../../../data/windows.ts";
import { chosenSlider, pairView, slider } from "../../../state/occlusion.ts";
import { Segmented } from "../../../widgets/Segmented.tsx";
import { Select } from "../../../widgets/Select.tsx";
import { visibleDetails } from "../sections.ts";
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
    label: "Window size",
    value: String(chosenSlider(count) + 1),
    options,
    testId: "slider",
    onChange: (value: string) => {
      slider.value = Number(value);
    },
  };
  return count > LAID_OUT ? <Select {...choice} /> : <Segmented {...choice} />;
}

const VIEWS: [PairView, string][] = [
  ["joint", "Joint drop"],
  ["interaction", "Interaction"],
];

export function PairViewChoice() {
  return (
    <Segmented
      label="Two windows"
      value={pairView.value}
      options={VIEWS}
      testId="pair-view"
      onChange={(value) => {
        pairView.value = value;
      }}
    />
  );
}

/** For the tiles on the page: only what some of them can show. */
export function MapChoices() {
  const details = visibleDetails.value;
  const counts = details.map((detail) => (detail.kind === "OCCLUSION" ? detail.sliders.length : 0));
  return (
    <>
      <SliderChoice count={Math.max(0, ...counts)} />
      {details.some(({ kind }) => kind === "OCCLUSION_PAIRS") && <PairViewChoice />}
    </>
  );
}
