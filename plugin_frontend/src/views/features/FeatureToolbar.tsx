/** What tiles show, how channels are ordered, which of them are shown, and what is beside them. */
import { className } from "../../state/class_names.ts";
import * as features from "../../state/features.ts";
import { titleOfLayer, toggle } from "../../state/series.ts";
import { Chips } from "../../widgets/Chips.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { SearchSelect } from "../../widgets/SearchSelect.tsx";
import { Segmented } from "../../widgets/Segmented.tsx";
import { Select } from "../../widgets/Select.tsx";
import { existingParts, halves, shownParts } from "./reading.ts";

const PART_NAMES: Record<features.TilePart, string> = {
  activation: "Activation",
  maximised: "Maximised",
  patches: "Patches",
  numbers: "Numbers",
};

const LIVENESS: [(typeof features.LIVENESS)[number], string][] = [
  ["all", "All"],
  ["alive", "Alive"],
  ["dead", "Dead"],
];

export function FeatureToolbar() {
  return (
    <div class="view-toolbar" role="toolbar" aria-label="What is shown">
      <Segmented
        label="Form"
        value={features.form.value}
        options={[
          ["grid", "Grid"],
          ["table", "Table"],
        ]}
        testId="form"
        onChange={(value) => {
          features.form.value = value;
        }}
      />
      {features.form.value === "grid" && (
        <Chips
          label="Tiles"
          names={existingParts.value}
          chosen={shownParts.value}
          title={(name) => PART_NAMES[name as features.TilePart]}
          onToggle={(name) => toggle(features.partSelection, shownParts.value, name)}
          testId="parts"
        />
      )}
      <Order />
      <Filters />
      <Compare />
    </div>
  );
}

function Order() {
  const [half] = halves.value;
  const { statistics, groups } = half?.numbers ?? {};
  const there: Record<(typeof features.SORTS)[number], boolean> = {
    index: true,
    activation: Boolean(half?.maps),
    selectivity: statistics?.has("selectivity") ?? false,
    redundancy: (groups?.length ?? 0) > 0 || (statistics?.has("similarity") ?? false),
    deadness: (statistics?.has("dead") || statistics?.has("sparsity")) ?? false,
    maximum: statistics?.has("maximum") ?? false,
  };
  const current = features.channelSort.value;
  const options = features.SORTS.filter((sort) => there[sort] || sort === current).map(
    (sort): [features.ChannelSort, string] => [sort, capital(sort)],
  );
  const others = [...(statistics?.keys() ?? [])]
    .filter((name) => !(features.SORTS as readonly string[]).includes(name))
    .map((name): [features.ChannelSort, string] => [`by:${name}`, capital(name)]);
  return (
    <div class="sort-choice">
      <Select
        label="Order"
        value={current}
        options={[...options, ...others]}
        testId="channel-sort"
        onChange={(sort) => {
          features.channelSort.value = sort;
        }}
      />
      <button
        type="button"
        class="icon-button"
        aria-label="Reverse the order"
        aria-pressed={features.reversed.value}
        title="Reverse the order"
        data-testid="reverse"
        onClick={() => {
          features.reversed.value = !features.reversed.value;
        }}
      >
        <Icon name="reverse" />
      </button>
    </div>
  );
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function Filters() {
  const [half] = halves.value;
  const { statistics, groups } = half?.numbers ?? {};
  const classes = new Set<number>();
  for (const index of statistics?.get("class") ?? []) if (!Number.isNaN(index)) classes.add(index);
  const names = half?.layer.statistics.get("class")?.value.categories || half?.layer.classes || "";
  const group = features.channelGroup.value;
  return (
    <>
      {statistics?.has("dead") && (
        <Select
          label="Channels"
          value={features.liveness.value}
          options={LIVENESS}
          testId="liveness"
          onChange={(value) => {
            features.liveness.value = value;
          }}
        />
      )}
      {(classes.size > 0 || features.channelClass.value !== null) && (
        <SearchSelect<number | null>
          label="Preferring"
          id="channel-classes"
          value={features.channelClass.value}
          options={[
            [null, "Any class"],
            ...[...classes].sort((a, b) => a - b).map((index): [number, string] => [index, className(names, index)]),
          ]}
          otherwise={`class ${features.channelClass.value}`}
          onChange={(value) => {
            features.channelClass.value = value;
          }}
          testId="channel-class"
        />
      )}
      {((groups?.length ?? 0) > 0 || group !== null) && (
        <Select
          label="Group"
          value={String(group ?? "all")}
          options={[
            ["all", "All"],
            ["-1", "In any group"],
            ...(groups ?? []).map(({ relation, channels }, i): [string, string] => [
              String(i),
              `${i + 1}: ${channels.length} ${relation}`,
            ]),
          ]}
          testId="channel-group"
          onChange={(value) => {
            features.channelGroup.value = value === "all" ? null : Number(value);
          }}
        />
      )}
      <label class="select">
        <span class="select-label">Number or name</span>
        <input
          type="search"
          class="channel-filter"
          placeholder="3, 10-20, cat"
          data-testid="channel-filter"
          spellcheck={false}
          value={features.channelFilter.value}
          onInput={(event) => {
            features.channelFilter.value = event.currentTarget.value;
          }}
        />
      </label>
    </>
  );
}

/** What is at the right: nothing, another run, or another layer of the same run. */
function Compare() {
  const main = features.mainPane.value;
  if (!main) return null;
  const beside = features.besidePane.value;
  const runs = features.runsWith(main.layer).filter((run) => run !== main.run);
  const layers = features.featureLayers.value.filter(
    (layer) => layer !== main.layer && features.runsWith(layer).includes(main.run),
  );
  if (runs.length + layers.length === 0) return null;
  const sameRun = beside?.run === main.run;
  const value = !beside ? "none" : sameRun ? `layer:${beside.layer}` : `run:${beside.run}`;
  const options: [string, string][] = [
    ["none", "Nothing"],
    ...runs.map((run): [string, string] => [`run:${run}`, run]),
    ...layers.map((layer): [string, string] => [`layer:${layer}`, titleOfLayer(layer)]),
  ];
  return (
    <Select
      label="Beside"
      value={value}
      options={options}
      testId="compare"
      onChange={(choice) => {
        if (choice === "none") features.besideChoice.value = "none";
        else if (choice.startsWith("run:")) features.besideChoice.value = { run: choice.slice(4), layer: null };
        else features.besideChoice.value = { run: main.run, layer: choice.slice(6) };
      }}
    />
  );
}
