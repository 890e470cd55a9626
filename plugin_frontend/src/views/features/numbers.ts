/** What the view says in numbers: a row for each channel that the filters leave, in the order of the view. */
import type { Cell } from "../../data/csv.ts";
import { peaksOf } from "../../render/channels/maps.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import type { Numbers } from "../../state/numbers.ts";
import { step } from "../../state/timeline.ts";
import { categoryOf, channelName, halves, order, statisticNames } from "./reading.ts";

export const featureNumbers: Numbers = {
  any: () => halves.value.length > 0 && order.value.length > 0,
  table: () => {
    const names = statisticNames(halves.value);
    const columns = ["run", "step", "layer", "channel", "name", "activation", ...names, "group"];
    return [columns, ...halves.value.flatMap((half) => rowsOf(half, names))];
  },
  otherwise: "No channels are shown",
};

function rowsOf(half: PaneFrame, names: readonly string[]): Cell[][] {
  const { pane, layer, maps, numbers } = half;
  const peaks = maps ? peaksOf(maps, layer.count) : null;
  return Array.from(order.value)
    .filter((channel) => channel < layer.count)
    .map((channel) => {
      const group = numbers.groupOf[channel] ?? -1;
      return [
        pane.run,
        step.value ?? undefined,
        pane.layer,
        channel,
        channelName(half, channel),
        peaks?.[channel],
        ...names.map((name) =>
          name === "class" || layer.statistics.get(name)?.value.categories
            ? categoryOf(half, name, channel)
            : numbers.statistics.get(name)?.[channel],
        ),
        group < 0 ? undefined : group + 1,
      ];
    });
}
