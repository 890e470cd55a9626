/** The numbers of all channels as a table, which every column orders: for whoever would rather read than look. */
import { peaksOf } from "../../render/channels/maps.ts";
import type { PaneFrame } from "../../state/feature_frame.ts";
import { type ChannelSort, channelSort, openChannel, reversed, SORTS } from "../../state/features.ts";
import { useRows } from "../../widgets/rows.ts";
import { compact } from "../explanations/format.ts";
import { categoryOf, choice, groupColour, halves, order, statisticNames } from "./reading.ts";

const ROW = 24;

type Column = { name: string; sort: ChannelSort };

export function ChannelTable() {
  const { view, inView } = useRows<HTMLDivElement>(choice.value);
  const { first, end } = inView(ROW, order.value.length + 2); // and the rows of the head
  const columns = columnsOf(halves.value);
  const shown = Array.from(order.value.subarray(first, end), (channel, i) => ({ channel, position: first + i }));
  const peaks = halves.value.map(({ maps, layer }) => (maps ? peaksOf(maps, layer.count) : null));
  const many = halves.value.length > 1;
  return (
    <div ref={view} class="table-scroll" data-testid="channel-table">
      <table class="channel-table" aria-rowcount={order.value.length + 1}>
        <caption class="visually-hidden">Numbers of the channels</caption>
        <thead>
          {many && (
            <tr class="table-runs">
              <td />
              {halves.value.map(({ pane }) => (
                <th key={`${pane.run} ${pane.layer}`} scope="colgroup" colSpan={columns.length}>
                  {pane.run} · {pane.layer}
                </th>
              ))}
            </tr>
          )}
          <tr>
            <SortHead name="channel" sort="index" ascending />
            {halves.value.map(({ pane }, i) =>
              columns.map(({ name, sort }) =>
                i === 0 ? (
                  <SortHead key={name} name={name} sort={sort} />
                ) : (
                  <th key={`${pane.run} ${pane.layer} ${name}`} scope="col">
                    {name}
                  </th>
                ),
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr style={{ height: `${first * ROW}px` }} />}
          {shown.map(({ channel, position }) => (
            <tr key={channel} aria-rowindex={position + 2} data-testid="channel-line" data-channel={channel}>
              <th scope="row">
                <button
                  type="button"
                  class="text-button"
                  onClick={() => {
                    openChannel.value = channel;
                  }}
                >
                  {channel}
                </button>
              </th>
              {halves.value.map((half, i) =>
                columns.map(({ name }) => (
                  <td key={`${i} ${name}`} data-column={name}>
                    {channel < half.layer.count && cell(half, peaks[i] ?? null, name, channel)}
                  </td>
                )),
              )}
            </tr>
          ))}
          {end < order.value.length && <tr style={{ height: `${(order.value.length - end) * ROW}px` }} />}
        </tbody>
      </table>
      {order.value.length === 0 && <p class="notice">The filters leave no channel.</p>}
    </div>
  );
}

function SortHead({ name, sort, ascending = false }: { name: string; sort: ChannelSort; ascending?: boolean }) {
  const sorted = channelSort.value === sort;
  const up = ascending !== reversed.value;
  return (
    <th scope="col" aria-sort={sorted ? (up ? "ascending" : "descending") : "none"}>
      <button
        type="button"
        class="sort-head"
        data-testid={`by-${name}`}
        onClick={() => {
          reversed.value = sorted && !reversed.value;
          channelSort.value = sort;
        }}
      >
        {name}
        <span aria-hidden="true">{sorted ? (up ? " ▲" : " ▼") : ""}</span>
      </button>
    </th>
  );
}

function columnsOf(all: readonly PaneFrame[]): Column[] {
  const columns = statisticNames(all).map((name): Column => {
    const own = (SORTS as readonly string[]).includes(name);
    return { name, sort: own ? (name as ChannelSort) : `by:${name}` };
  });
  if (all.some(({ maps }) => maps)) columns.unshift({ name: "activation", sort: "activation" });
  if (all.some(({ numbers }) => numbers.groups.length > 0)) columns.push({ name: "group", sort: "redundancy" });
  return columns;
}

function cell(half: PaneFrame, peaks: Float32Array | null, name: string, channel: number) {
  const { numbers, layer } = half;
  if (name === "activation") return numberText(peaks?.[channel]);
  if (name === "class") return categoryOf(half, name, channel) ?? "";
  if (name === "group") {
    const group = numbers.groupOf[channel] ?? -1;
    if (group < 0) return "";
    return (
      <span class="group-mark" style={{ "--group": groupColour(group) }}>
        ≈ {group + 1}
      </span>
    );
  }
  const value = numbers.statistics.get(name)?.[channel];
  if (name === "dead") return value === 1 ? "dead" : "";
  if (layer.statistics.get(name)?.value.categories) return categoryOf(half, name, channel) ?? "";
  return numberText(value);
}

function numberText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : compact(value);
}
