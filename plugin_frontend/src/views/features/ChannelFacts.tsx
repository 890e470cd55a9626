/** All that is known of one channel. */
import type { PaneFrame } from "../../state/feature_frame.ts";
import { compact } from "../explanations/format.ts";
import { ClassMeans } from "./ClassMeans.tsx";
import { Duplicates } from "./Duplicates.tsx";
import { Maximisers } from "./Maximisers.tsx";
import { ProbeMaps } from "./ProbeMaps.tsx";
import { categoryOf, preferredClass, statisticNames } from "./reading.ts";
import { TopPatches } from "./TopPatches.tsx";

type Props = { half: PaneFrame; channel: number };

export function ChannelFacts({ half, channel }: Props) {
  return (
    <>
      <Numbers half={half} channel={channel} />
      <div class="channel-columns">
        <div>
          <ProbeMaps half={half} channel={channel} />
        </div>
        <div>
          <Maximisers half={half} channel={channel} />
          <TopPatches half={half} channel={channel} />
          <ClassMeans half={half} channel={channel} />
          <Duplicates half={half} channel={channel} />
        </div>
      </div>
    </>
  );
}

/** What the statistics say, in words where there are some. */
const MEANINGS: Record<string, string> = {
  mean: "Mean response over all positions and images",
  maximum: "Greatest response to any image",
  sparsity: "Share of positions at or below 0",
  selectivity: "How much more it responds to one class than to the others, 0 to 1",
  luminance: "Correlation with the brightness of the image, 0 to 1",
  similarity: "Of the channel that is most like it, 0 to 1",
  instability: "How much its peak moves about the parts of objects, as a share of the image's diagonal",
};

const SHARES = new Set(["sparsity"]);

function Numbers({ half, channel }: Props) {
  const { statistics } = half.numbers;
  const preferred = preferredClass(half, channel);
  const dead = statistics.get("dead")?.[channel] === 1;
  const numbers = statisticNames([half])
    .filter((name) => name !== "class" && name !== "dead")
    .flatMap((name): [string, string][] => {
      const value = statistics.get(name)?.[channel] ?? Number.NaN;
      if (Number.isNaN(value)) return [];
      if (half.layer.statistics.get(name)?.value.categories) return [[name, categoryOf(half, name, channel) ?? ""]];
      return [[name, SHARES.has(name) ? `${(100 * value).toFixed(1)}%` : compact(value)]];
    });
  if (!dead && !preferred && numbers.length === 0) return null;
  return (
    <dl class="facts channel-facts" data-testid="channel-numbers">
      {dead && (
        <div title="It never responds: its gradient is zero, so it cannot learn either">
          <dt>state</dt>
          <dd class="wrong">dead</dd>
        </div>
      )}
      {preferred && (
        <div title="The class to whose images it responds most on average">
          <dt>prefers</dt>
          <dd>{preferred}</dd>
        </div>
      )}
      {numbers.map(([name, value]) => (
        <div key={name} title={MEANINGS[name]}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
