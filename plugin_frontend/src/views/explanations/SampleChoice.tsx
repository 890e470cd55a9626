/** Which samples are shown: their order, the right or the wrong ones, and the page. */
import { figureLabel } from "../../data/figures.ts";
import { Better } from "../../records/messages.ts";
import { type Outcome, outcome, page, type Sort, sort } from "../../state/samples.ts";
import { Paging } from "../../widgets/Paging.tsx";
import { Segmented } from "../../widgets/Segmented.tsx";
import { Select } from "../../widgets/Select.tsx";
import { SampleFilter } from "./SampleFilter.tsx";
import { SelectionChip } from "./SelectionChip.tsx";
import { currentPage, filteredCounts, loggedFigures, pageCount, sampleClasses, turnPage } from "./sections.ts";

const ORDERS: [Sort, string][] = [
  ["logged", "As logged"],
  ["mistakes", "Mistakes first"],
  ["unsure", "Least sure first"],
  ["sure", "Most sure first"],
];

const OUTCOMES: [Outcome, string][] = [
  ["all", "All"],
  ["wrong", "Wrong"],
  ["right", "Right"],
];

export function SampleChoice() {
  return (
    <>
      <Select
        label="Order"
        value={sort.value}
        options={[...ORDERS, ...figureOrders()]}
        testId="sort"
        fixed
        onChange={(value) => {
          sort.value = value;
        }}
      />
      <Segmented
        label="Samples"
        value={outcome.value}
        options={OUTCOMES}
        testId="outcome"
        onChange={(value) => {
          outcome.value = value;
          page.value = 0;
        }}
      />
      <SampleFilter classes={sampleClasses.value} counts={filteredCounts.value} />
      <SelectionChip />
      <Paging page={currentPage.value} count={pageCount.value} onTurn={turnPage} />
    </>
  );
}

/** By each logged figure, in both directions; a chosen one stays listed while nothing shown has the figure. */
function figureOrders(): [Sort, string][] {
  const orders = loggedFigures.value.flatMap(([name, better]): [Sort, string][] => {
    const ends = better === Better.NEITHER ? ["lowest", "highest"] : ["worst", "best"];
    const [low, high] = better === Better.LOWER ? ends.toReversed() : ends;
    const label = figureLabel(name);
    return [
      [`low:${name}`, `${label}: ${low} first`],
      [`high:${name}`, `${label}: ${high} first`],
    ];
  });
  const known = [...ORDERS, ...orders].some(([order]) => order === sort.value);
  return known ? orders : [...orders, [sort.value, figureLabel(sort.value.slice(sort.value.indexOf(":") + 1))]];
}
