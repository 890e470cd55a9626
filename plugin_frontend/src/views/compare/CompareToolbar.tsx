/** What is shown of both sides: methods, layers, class, and which samples in which order. */
import { className } from "../../state/class_names.ts";
import { CHANGES, type Change, type CompareOrder, changeFilter, compareOrder } from "../../state/compare.ts";
import { type ClassChoice, classChoice, page } from "../../state/samples.ts";
import { Segmented } from "../../widgets/Segmented.tsx";
import { Select } from "../../widgets/Select.tsx";
import { ClassPicker } from "../explanations/ClassPicker.tsx";
import { SampleFilter } from "../explanations/SampleFilter.tsx";
import { SelectionChip } from "../explanations/SelectionChip.tsx";
import { SeriesChips } from "../explanations/SeriesChips.tsx";
import { filteredCounts, loggedClasses, sampleClasses } from "./shown.ts";

const ORDERS: [CompareOrder, string][] = [
  ["change", "Largest change"],
  ["similarity", "Least similar maps"],
  ["probability", "Change of probability"],
  ["logged", "As logged"],
];

const CHANGE_NAMES: Record<Change, string> = { all: "All", changed: "Changed", fixed: "Fixed", broken: "Broken" };

export function CompareToolbar() {
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
      <Select
        label="Order"
        value={compareOrder.value}
        options={ORDERS}
        testId="compare-order"
        onChange={(order) => {
          compareOrder.value = order;
          page.value = 0;
        }}
      />
      <Segmented
        label="Predictions"
        value={changeFilter.value}
        options={CHANGES.map((change): [Change, string] => [change, CHANGE_NAMES[change]])}
        testId="change-filter"
        onChange={(change) => {
          changeFilter.value = change;
          page.value = 0;
        }}
      />
      <SampleFilter classes={sampleClasses.value} counts={filteredCounts.value} />
      <SelectionChip />
    </div>
  );
}
