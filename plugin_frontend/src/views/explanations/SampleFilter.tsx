/** The filters of samples, in a pane of their own, and what they leave out. */
import { className } from "../../state/class_names.ts";
import {
  clearFilters,
  filterCount,
  leastSure,
  mostSure,
  type OfClass,
  ofClass,
  pinnedOnly,
  pinnedSamples,
  sampleText,
} from "../../state/sample_filter.ts";
import { page } from "../../state/samples.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { Popover } from "../../widgets/Popover.tsx";
import { RangeSlider } from "../../widgets/RangeSlider.tsx";
import { SearchSelect } from "../../widgets/SearchSelect.tsx";
import { Segmented } from "../../widgets/Segmented.tsx";
import { percent } from "./format.ts";

const ROLES: [OfClass["role"], string][] = [
  ["either", "Either"],
  ["label", "True"],
  ["predicted", "Predicted"],
];

/** A signal whose change shows the first page again. */
function fromFirstPage(signal: { value: number }) {
  return {
    get value() {
      return signal.value;
    },
    set value(value) {
      signal.value = value;
      page.value = 0;
    },
  };
}

const lowest = fromFirstPage(leastSure);
const highest = fromFirstPage(mostSure);

type Props = {
  /** All that samples are of, or are taken for, with the hash of their names. */
  classes: readonly (readonly [number, string])[];
  /** Samples that may be shown, and those that the filters leave. */
  counts: { all: number; left: number };
};

export function SampleFilter({ classes, counts }: Props) {
  const count = filterCount.value;
  return (
    <>
      <Popover
        label="Filter samples"
        buttonClass="button filter-button"
        testId="filter"
        button={
          <>
            <Icon name="filter" />
            Filter{count > 0 && ` · ${count}`}
          </>
        }
      >
        <div class="filter-pane">
          <TextFilter />
          <ClassFilter classes={classes} />
          <RangeSlider label="Confidence" low={lowest} high={highest} testId="confidence" format={percent} />
          <label class="check">
            <input
              type="checkbox"
              data-testid="pinned-only"
              checked={pinnedOnly.value}
              disabled={pinnedSamples.value.size === 0 && !pinnedOnly.value}
              onChange={(event) => {
                pinnedOnly.value = event.currentTarget.checked;
                page.value = 0;
              }}
            />
            Only pinned samples ({pinnedSamples.value.size})
          </label>
        </div>
      </Popover>
      <Hidden {...counts} />
    </>
  );
}

function TextFilter() {
  return (
    <label class="regex-filter">
      <Icon name="search" />
      <input
        type="search"
        placeholder="Name or class"
        aria-label="Name or class"
        data-testid="sample-text"
        spellcheck={false}
        value={sampleText.value}
        onInput={(event) => {
          sampleText.value = event.currentTarget.value;
          page.value = 0;
        }}
      />
    </label>
  );
}

function ClassFilter({ classes }: Pick<Props, "classes">) {
  const chosen = ofClass.value;
  const choose = (next: OfClass | null) => {
    ofClass.value = next;
    page.value = 0;
  };
  return (
    <div class="filter-class">
      <SearchSelect<number | null>
        label="Class"
        id="filter-classes"
        value={chosen?.index ?? null}
        options={[
          [null, "Any"],
          ...classes.map(([index, names]): [number, string] => [index, className(names, index)]),
        ]}
        otherwise={chosen ? `class ${chosen.index}` : "Any"}
        testId="filter-class"
        onChange={(index) => choose(index === null ? null : { role: chosen?.role ?? "either", index })}
      />
      {chosen && (
        <Segmented
          label="Which is"
          value={chosen.role}
          options={ROLES}
          testId="filter-role"
          onChange={(role) => choose({ role, index: chosen.index })}
        />
      )}
    </div>
  );
}

function Hidden({ all, left }: Props["counts"]) {
  if (filterCount.value === 0) return null;
  return (
    <div class="filter-note">
      <span role="status" data-testid="filter-note">
        {left.toLocaleString("en")} of {all.toLocaleString("en")} samples
      </span>
      <button type="button" class="text-button" data-testid="clear-filters" onClick={clearFilters}>
        Clear filters
      </button>
    </div>
  );
}
