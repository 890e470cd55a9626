/** Keeps the page's state and its address equal: what differs from the default is in the link, unknown values are ignored. */
import { batch, effect, type Signal } from "@preact/signals";
import { onLinkChange, readLink, writeLink } from "../host/link.ts";
import { visible } from "../host/visibility.ts";
import { DIVERGING, SEQUENTIAL } from "../render/heatmap/lut.ts";
import { SIGNS } from "../render/superpixels/choice.ts";
import { UPS } from "../render/voxels/grid.ts";
import * as appearance from "./appearance.ts";
import * as clusters from "./clusters.ts";
import * as features from "./features.ts";
import * as occlusion from "./occlusion.ts";
import * as projections from "./projections.ts";
import * as reconstructions from "./reconstructions.ts";
import { runFilter, runSelection } from "./runs.ts";
import * as samples from "./samples.ts";
import * as selected from "./selection.ts";
import { clusterLayerSelection, layerSelection, methodSelection, openSeries, tagFilter } from "./series.ts";
import * as superpixels from "./superpixels.ts";
import { askedStep, follow, step } from "./timeline.ts";
import { VIEW_IDS, view } from "./view.ts";
import * as voxels from "./voxels.ts";

/** `null`: the default, not in the link. */
type Binding = { key: string; write: () => string | null; read: (text: string | null) => void };

/** A signal whose default is not written, and whose values `parse` takes or declines with `undefined`. */
function bind<Value>(
  key: string,
  signal: Signal<Value>,
  byDefault: Value,
  parse: (text: string) => Value | undefined,
  format: (value: Value) => string = String,
): Binding {
  return {
    key,
    write: () => (signal.value === byDefault ? null : format(signal.value)),
    read: (text) => {
      signal.value = (text === null ? undefined : parse(text)) ?? byDefault;
    },
  };
}

function between(low: number, high: number) {
  return (text: string): number | undefined => {
    const value = Number(text);
    return text !== "" && value >= low && value <= high ? value : undefined;
  };
}

function oneOf<Name extends string>(names: readonly string[]) {
  return (text: string): Name | undefined => (names.includes(text) ? (text as Name) : undefined);
}

const whole = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
const text = (value: string) => value;
/** How a choice that is off by default is read and written. */
const flag = [(value: string) => (value === "1" ? true : undefined), () => "1"] as const;

export const formatNames = (names: ReadonlySet<string> | null) => [...(names ?? [])].map(encodeURIComponent).join(",");

export function parseNames(list: string): ReadonlySet<string> | undefined {
  try {
    return new Set(list.split(",").filter(Boolean).map(decodeURIComponent));
  } catch {
    return undefined;
  }
}

const bindings: Binding[] = [
  bind("view", view, "explanations", oneOf(VIEW_IDS)),
  bind("runs", runSelection, null, parseNames, formatNames),
  bind("run_filter", runFilter, "", text),
  bind("tag_filter", tagFilter, "", text),
  bind("methods", methodSelection, null, parseNames, formatNames),
  bind("layers", layerSelection, null, parseNames, formatNames),
  {
    key: "step",
    write: () => (follow.value || step.value === null ? null : String(step.value)),
    read: (value) => {
      const asked = value !== null && /^-?\d+$/.test(value) ? Number(value) : null;
      askedStep.value = asked;
      follow.value = asked === null;
    },
  },
  bind(
    "class",
    samples.classChoice,
    "predicted",
    (value) => whole(value) ?? oneOf<"label">(["label", "second", "third"])(value),
  ),
  bind("sort", samples.sort, "logged", samples.parseSort),
  bind("show", samples.outcome, "all", oneOf(samples.OUTCOMES)),
  bind(
    "page",
    samples.page,
    0,
    (value) => Math.max(0, (whole(value) ?? 1) - 1),
    (page) => String(page + 1),
  ),
  bind("page_size", samples.pageSize, samples.DEFAULT_PAGE_SIZE, (value) =>
    samples.PAGE_SIZES.find((size) => size === whole(value)),
  ),
  bind("size", samples.tileSize, samples.DEFAULT_SIZE, between(96, 320)),
  bind("original", samples.showOriginal, false, ...flag),
  bind("figures", samples.figureSelection, null, parseNames, formatNames),
  bind<number | null>("slider", occlusion.slider, null, (value) => whole(value) || undefined),
  bind("pairs", occlusion.pairView, "joint", oneOf(occlusion.PAIR_VIEWS)),
  bind("opacity", appearance.opacity, appearance.DEFAULTS.opacity, between(0, 1)),
  bind("threshold", appearance.threshold, appearance.DEFAULTS.threshold, between(0, 1)),
  bind("gamma", appearance.gamma, appearance.DEFAULTS.gamma, between(0.2, 5)),
  bind("colormap", appearance.colourMap, appearance.DEFAULTS.colourMap, oneOf(Object.keys(SEQUENTIAL))),
  bind("diverging", appearance.diverging, appearance.DEFAULTS.diverging, oneOf(Object.keys(DIVERGING))),
  bind("range", appearance.range, appearance.DEFAULTS.range, oneOf(["map", "shared"])),
  bind("mode", appearance.mode, appearance.DEFAULTS.mode, oneOf(["overlay", "mask"])),
  bind(
    "sample",
    samples.openSample,
    null,
    (value) => {
      const colon = value.indexOf(":"); // ids have none
      return colon > 0 ? { sample: value.slice(0, colon), run: value.slice(colon + 1) } : undefined;
    },
    (open) => `${open?.sample}:${open?.run}`,
  ),
  bind("cluster_layers", clusterLayerSelection, null, parseNames, formatNames),
  bind("way", clusters.way, "forward", oneOf(clusters.WAYS)),
  bind("colour_by", clusters.colourBy, "cluster", oneOf(clusters.COLOURINGS)),
  bind("purity_from", clusters.lowestPurity, 0, between(0, 1)),
  bind("purity_to", clusters.highestPurity, 1, between(0, 1)),
  bind<number | null>("cluster_class", clusters.onlyClass, null, whole),
  bind<clusters.ClusterName | null>("cluster", clusters.pinned, null, clusters.parseName, (name) =>
    name ? clusters.formatName(name) : "",
  ),
  bind("sign", superpixels.sign, "both", oneOf(SIGNS)),
  bind<number | null>("strongest", superpixels.strongest, null, (value) => whole(value) || undefined),
  bind("hide_rest", superpixels.hideRest, false, ...flag),
  bind("outlines", superpixels.outlines, false, ...flag),
  bind("drawn_pairs", superpixels.drawnPairs, superpixels.DEFAULT_PAIRS, whole),
  bind("relations", superpixels.relations, "pairs", oneOf(superpixels.RELATIONS)),
  bind<number | null>("superpixel", superpixels.picked, null, whole),
  bind<number | null>("reconstruction", reconstructions.chosenReconstruction, null, whole),
  bind("difference", reconstructions.showDifference, false, ...flag),
  bind("field", reconstructions.chosenField, 0, whole),
  bind("turned", voxels.orientation, voxels.DEFAULT_ORIENTATION, voxels.parseOrientation, voxels.formatOrientation),
  bind("level", voxels.level, voxels.DEFAULT_LEVEL, between(0, 1)),
  bind("up", voxels.up, "first", oneOf(UPS)),
  bind<string | null>("feature_layer", features.layerChoice, null, text, (layer) => layer ?? ""),
  bind<string | null>("feature_run", features.runChoice, null, text, (run) => run ?? ""),
  bind("compare", features.besideChoice, null, features.parseBeside, features.formatBeside),
  bind<string | null>("image", features.imageChoice, null, text, (image) => image ?? ""),
  bind("parts", features.partSelection, null, parseNames, formatNames),
  bind("alone", features.alone, false, ...flag),
  bind("channel_size", features.channelSize, features.DEFAULT_CHANNEL_SIZE, between(40, 240)),
  bind("channel_sort", features.channelSort, "index", features.parseChannelSort),
  bind("reversed", features.reversed, false, ...flag),
  bind("channels", features.liveness, "all", oneOf(features.LIVENESS)),
  bind<number | null>("channel_class", features.channelClass, null, whole),
  bind<number | null>(
    "channel_group",
    features.channelGroup,
    null,
    (value) => (value === "any" ? -1 : whole(value)),
    (group) => (group === -1 ? "any" : String(group)),
  ),
  bind("channel_filter", features.channelFilter, "", text),
  bind("form", features.form, "grid", oneOf(features.FORMS)),
  bind<number | null>("channel", features.openChannel, null, whole),
  bind<string | null>("series", openSeries, null, text, (series) => series ?? ""),
  bind<string | null>("projection", projections.tagChoice, null, text, (tag) => tag ?? ""),
  bind<projections.Colouring | null>("points", projections.colouringChoice, null, projections.parseColouring),
  bind("categories", projections.shownCategories, projections.ALL, projections.parseShown, projections.formatShown),
  bind("tool", projections.tool, "lasso", oneOf(projections.TOOLS)),
  bind("beside", projections.side, "measures", oneOf(projections.SIDES)),
  bind<string | null>("run", projections.activeRun, null, text, (run) => run ?? ""),
  bind("trails", projections.trails, false, ...flag),
  bind<boolean | null>(
    "mark_wrong",
    projections.wrongChoice,
    null,
    (value) => ({ 0: false, 1: true })[value],
    (on) => (on ? "1" : "0"),
  ),
  bind<projections.CameraLink | null>("camera", projections.cameraLink, null, projections.parseCamera, (camera) =>
    camera ? projections.formatCamera(camera) : "",
  ),
  bind<projections.RowName | null>("row", projections.pinnedRow, null, projections.parsePinned, (row) =>
    row ? `${row.id}:${row.run}` : "",
  ),
  bind<projections.Pair | null>("pair", projections.chosenPair, null, projections.parsePair, (pair) =>
    pair ? `${pair.first},${pair.second}` : "",
  ),
  {
    key: "selected",
    write: selected.formatSelection,
    read: (value) => {
      if (value === selected.formatSelection()) return; // the rows of a lasso need not be looked up again
      selected.selection.value = (value === null ? undefined : selected.parseSelection(value)) ?? selected.NOTHING;
    },
  },
  bind(
    "only_selected",
    selected.onlySelected,
    true,
    (value) => (value === "0" ? false : undefined),
    () => "0",
  ),
];

/** Browsers refuse too many changes of the address in a row. */
const QUIET = 250;

export function followLink(): void {
  const restore = () => {
    const values = readLink();
    batch(() => {
      for (const { key, read } of bindings) read(values.get(key) ?? null);
    });
  };
  restore();
  onLinkChange(restore);
  effect(() => {
    const values = currentValues();
    if (!visible.value) return; // the address belongs to another tab of TensorBoard
    const timer = setTimeout(() => writeLink(values), QUIET);
    return () => clearTimeout(timer);
  });
}

function currentValues(): Map<string, string> {
  const values = new Map<string, string>();
  for (const { key, write } of bindings) {
    const value = write();
    if (value !== null) values.set(key, value);
  }
  return values;
}
