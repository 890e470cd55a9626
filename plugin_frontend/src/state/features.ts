/** Which channels are shown: of which layers, over which image, what of each, and in which order. */
import { computed, signal } from "@preact/signals";
import { adjusted, between, bind, flag, kept, nameSet, oneOf, orNothing, text, typed, whole } from "./bindings.ts";
import { matching } from "./filter.ts";
import { type LoggedSeries, layerOf, loggedOf, tagPattern } from "./series.ts";

export const loggedChannels = loggedOf("CHANNELS");

const matchingChannels = computed(() => matching(loggedChannels.value, tagPattern.value, ({ tag }) => tag));

/** In the order in which they were logged: that of the network. */
export const featureLayers = computed(() => [...new Set(matchingChannels.value.map(layerOf))]);

/** A layer of a run, which one half of the view shows. */
export type Pane = { run: string; layer: string };

/** Of what is on screen, and whether another is on its way. */
export const featuresStep = signal<number | null>(null);
export const featuresLoading = signal(false);

/** `null`: the default, the first. */
export const layerChoice = signal<string | null>(null);
export const runChoice = signal<string | null>(null);

/** What is beside it: another run, with the same layer if `layer` is `null`. */
export type Beside = { run: string; layer: string | null };
/** `null`: the default, the same layer of the next run that has it. */
export const besideChoice = signal<Beside | "none" | null>(null);

/** For the address: a layer's name is escaped, so that the first colon ends it. */
function formatBeside(beside: Beside | "none" | null): string {
  if (beside === "none" || beside === null) return "none";
  return `${encodeURIComponent(beside.layer ?? "")}:${beside.run}`;
}

function parseBeside(text: string): Beside | "none" | undefined {
  if (text === "none") return "none";
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  try {
    return { run: text.slice(colon + 1), layer: decodeURIComponent(text.slice(0, colon)) || null };
  } catch {
    return undefined;
  }
}

export function runsWith(layer: string): string[] {
  return [...new Set(matchingChannels.value.filter((series) => layerOf(series) === layer).map(({ run }) => run))];
}

export const mainPane = computed<Pane | null>(() => {
  const layers = featureLayers.value;
  const layer = layerChoice.value !== null && layers.includes(layerChoice.value) ? layerChoice.value : layers[0];
  if (layer === undefined) return null;
  const runs = runsWith(layer);
  const run = runChoice.value !== null && runs.includes(runChoice.value) ? runChoice.value : runs[0];
  return run === undefined ? null : { run, layer };
});

export const besidePane = computed<Pane | null>(() => {
  const main = mainPane.value;
  const choice = besideChoice.value;
  if (!main || choice === "none") return null;
  if (choice) {
    const pane = { run: choice.run, layer: choice.layer ?? main.layer };
    if (!samePane(pane, main) && seriesIn(pane).length > 0) return pane;
  }
  const other = runsWith(main.layer).find((run) => run !== main.run);
  return other === undefined ? null : { run: other, layer: main.layer };
});

export const panes = computed<Pane[]>(() =>
  [mainPane.value, besidePane.value].filter((pane): pane is Pane => pane !== null),
);

function samePane(a: Pane, b: Pane): boolean {
  return a.run === b.run && a.layer === b.layer;
}

/** The series that tell of a layer, each some of its parts. */
export function seriesIn({ run, layer }: Pane): LoggedSeries[] {
  return matchingChannels.value.filter((series) => series.run === run && layerOf(series) === layer);
}

/** All series that the view shows. */
export const shownChannels = computed(() => panes.value.flatMap(seriesIn));

/** The image that activations are shown of; `null`: the first. */
export const imageChoice = signal<string | null>(null);

/** What a tile shows. */
export const PARTS = ["activation", "maximised", "patches", "numbers"] as const;
export type TilePart = (typeof PARTS)[number];
/** `null`: the default, all that there is. */
export const partSelection = signal<ReadonlySet<string> | null>(null);

/** Whether activations are drawn alone, not over their image. */
export const alone = signal(false);

const DEFAULT_CHANNEL_SIZE = 72;
/** Of a picture in a tile, in CSS pixels. */
export const channelSize = signal(DEFAULT_CHANNEL_SIZE);

export const SORTS = ["index", "activation", "selectivity", "redundancy", "deadness", "maximum"] as const;
/** One of these, or a statistic by name. */
export type ChannelSort = (typeof SORTS)[number] | `by:${string}`;
export const channelSort = signal<ChannelSort>("index");
/** Whether what the order would show last comes first. */
export const reversed = signal(false);

function parseChannelSort(text: string): ChannelSort | undefined {
  return (SORTS as readonly string[]).includes(text) || /^by:./.test(text) ? (text as ChannelSort) : undefined;
}

export const LIVENESS = ["all", "alive", "dead"] as const;
export const liveness = signal<(typeof LIVENESS)[number]>("all");
/** Only channels that prefer this class; `null`: any. */
export const channelClass = signal<number | null>(null);
/** Only channels of this group, by its place in the ranking; -1: of any group; `null`: all channels. */
export const channelGroup = signal<number | null>(null);
/** Numbers and ranges of channels, or a part of a class' name. */
export const channelFilter = signal("");

const FORMS = ["grid", "table"] as const;
export const form = signal<(typeof FORMS)[number]>("grid");

/** The enlarged channel, of all halves of the view. */
export const openChannel = signal<number | null>(null);

/** The search among the layers. */
export const layerFilter = signal("");

export const featureBindings = [
  bind<string | null>("feature_layer", layerChoice, null, text, orNothing),
  bind<string | null>("feature_run", runChoice, null, text, orNothing),
  bind("compare", besideChoice, null, parseBeside, formatBeside),
  bind<string | null>("image", imageChoice, null, text, orNothing),
  bind("parts", partSelection, null, ...nameSet),
  bind("alone", alone, false, ...flag),
  kept(adjusted(bind("channel_size", channelSize, DEFAULT_CHANNEL_SIZE, between(40, 240)))),
  bind("channel_sort", channelSort, "index", parseChannelSort),
  bind("reversed", reversed, false, ...flag),
  bind("channels", liveness, "all", oneOf<(typeof LIVENESS)[number]>(LIVENESS)),
  bind<number | null>("channel_class", channelClass, null, whole),
  bind<number | null>(
    "channel_group",
    channelGroup,
    null,
    (value) => (value === "any" ? -1 : whole(value)),
    (group) => (group === -1 ? "any" : String(group)),
  ),
  typed(bind("channel_filter", channelFilter, "", text)),
  bind("form", form, "grid", oneOf<(typeof FORMS)[number]>(FORMS)),
  bind<number | null>("channel", openChannel, null, whole),
];
