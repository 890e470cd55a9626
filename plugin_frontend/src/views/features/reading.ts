/** What the tiles of the view are made of: the halves on screen, the order of their channels, and what these are called. */
import { computed } from "@preact/signals";
import { peaksOf } from "../../render/channels/maps.ts";
import { clusterColour } from "../../render/clusters/colours.ts";
import { arrangeChannels } from "../../state/channel_order.ts";
import { className } from "../../state/class_names.ts";
import { featureFrame, type PaneFrame } from "../../state/feature_frame.ts";
import * as features from "../../state/features.ts";

/** The halves that could be read. */
export const halves = computed<PaneFrame[]>(() =>
  (featureFrame.value?.panes ?? []).flatMap(({ found }) => found ?? []),
);

/** The one that decides on the order: the left one. */
const leading = computed(() => halves.value[0]);

const peaks = computed(() => {
  const { maps, layer } = leading.value ?? {};
  return maps && layer ? peaksOf(maps, layer.count) : null;
});

/** The channels that the filters leave, in the order of the view, which is the same for both halves. */
export const order = computed<Int32Array>(() => {
  const half = leading.value;
  if (!half) return new Int32Array(0);
  const { layer, numbers } = half;
  // The other half may have more: they follow, as far as nothing is known of them in this one.
  const count = Math.max(...halves.value.map((other) => other.layer.count));
  const filtered =
    features.liveness.value !== "all" || features.channelClass.value !== null || features.channelGroup.value !== null;
  return arrangeChannels(
    { count: filtered ? layer.count : count, numbers, peaks: peaks.value },
    features.channelSort.value,
    features.reversed.value,
    {
      liveness: features.liveness.value,
      classIndex: features.channelClass.value,
      group: features.channelGroup.value,
      text: features.channelFilter.value,
      nameOf: (channel) => `${channelName(half, channel)} ${preferredClass(half, channel) ?? ""}`,
    },
  );
});

/** What the channels on screen are chosen by: when it changes they are others, when the step does they are not. */
export const choice = computed(() =>
  [
    leading.value?.pane.run,
    leading.value?.pane.layer,
    features.channelSort.value,
    features.reversed.value,
    features.liveness.value,
    features.channelClass.value,
    features.channelGroup.value,
    features.channelFilter.value,
  ].join("\n"),
);

/** The name of the class that a channel prefers; `undefined`: not known. */
export function preferredClass(half: PaneFrame, channel: number): string | undefined {
  return categoryOf(half, "class", channel);
}

/** What a statistic of categories says of a channel; `undefined`: nothing. */
export function categoryOf({ layer, numbers }: PaneFrame, name: string, channel: number): string | undefined {
  const index = numbers.statistics.get(name)?.[channel];
  if (index === undefined || Number.isNaN(index)) return undefined;
  return className(layer.statistics.get(name)?.value.categories || layer.classes, index);
}

/** What was raised to make its pictures, as far as that says more than its number. */
export function channelName({ numbers }: PaneFrame, channel: number): string {
  const [first] = numbers.pictures[channel] ?? [];
  return first?.part.value.objectives[first.index] ?? "";
}

/** A name that says more than a layer and a number, such as that of a class. */
export function properName(half: PaneFrame, channel: number): string {
  const name = channelName(half, channel);
  return /^(.*:|channel )\d/.test(name) ? "" : name;
}

export function isDead({ numbers }: PaneFrame, channel: number): boolean {
  return numbers.statistics.get("dead")?.[channel] === 1;
}

/** Those that are always at the same place; what else is known follows. */
const FIRST = ["class", "selectivity", "mean", "maximum", "sparsity", "dead"];

/** The statistics that some of the halves have. */
export function statisticNames(all: readonly PaneFrame[]): string[] {
  const known = new Set(all.flatMap(({ numbers }) => [...numbers.statistics.keys()]));
  return [...FIRST.filter((name) => known.has(name)), ...[...known].filter((name) => !FIRST.includes(name))];
}

/** A colour for each group, and of no two that are near each other in the ranking. */
export function groupColour(group: number): string {
  return clusterColour(group);
}

/** What there is to show of channels. */
export const existingParts = computed<features.TilePart[]>(() =>
  features.PARTS.filter((part) =>
    halves.value.some(({ layer }) => {
      if (part === "activation") return layer.maps !== undefined;
      if (part === "maximised") return layer.maximised.some(({ value }) => value.pictures);
      if (part === "patches") return layer.tops?.value.pictures !== undefined;
      return layer.statistics.size > 0;
    }),
  ),
);

export const shownParts = computed<ReadonlySet<string>>(
  () => features.partSelection.value ?? new Set(existingParts.value),
);

/** Those of them that are pictures. */
export const shownPictures = computed(() =>
  existingParts.value.filter((part) => part !== "numbers" && shownParts.value.has(part)),
);

/** The images that activations were logged of. */
export const probeImages = computed(() => leading.value?.layer.maps?.value.images ?? []);

export const shownImage = computed(() => leading.value?.maps?.image ?? 0);

export function moveImage(by: number): void {
  const next = probeImages.value[shownImage.value + by];
  if (next) features.imageChoice.value = next.id;
}

/** Opens the channel before or after the open one, in the order of the view. */
export function moveChannel(by: number): void {
  const at = order.value.indexOf(features.openChannel.value ?? -1);
  const next = order.value[at < 0 ? 0 : at + by];
  if (next !== undefined) features.openChannel.value = next;
}
