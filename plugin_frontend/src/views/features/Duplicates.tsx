/** The channels that do nearly the same as one, and what it costs to do without them. */
import type { PaneFrame } from "../../state/feature_frame.ts";
import { openChannel } from "../../state/features.ts";
import { compact, percent } from "../explanations/format.ts";
import { GroupMember } from "./GroupMember.tsx";
import { groupColour } from "./reading.ts";

const RELATIONS: Record<string, string> = {
  copy: "copies: the same weights but for a factor",
  turned: "turned or mirrored copies",
  recoloured: "the same pattern in other colours",
  alike: "other weights, but the same activations",
};

export function Duplicates({ half, channel }: { half: PaneFrame; channel: number }) {
  const { groupOf, groups } = half.numbers;
  const at = groupOf[channel] ?? -1;
  const group = groups[at];
  if (!group) return null;
  const { channels, relation, similarity, cost } = group;
  const others = channels.filter((other) => other !== channel);
  return (
    <section data-testid="duplicates">
      <h4>
        <span class="group-mark" style={{ "--group": groupColour(at) }}>
          ≈ {at + 1}
        </span>{" "}
        Channels that do nearly the same
      </h4>
      <p class="hint">
        {RELATIONS[relation] ?? relation}, similarity {compact(similarity)}
        {channels[0] !== undefined && `; channel ${channels[0]} could stand for all`}
        {cost !== undefined &&
          (cost > 0
            ? `, at the cost of ${percent(cost)} of accuracy`
            : ` without loss of accuracy${cost < 0 ? ` (${percent(-cost)} more)` : ""}`)}
        .
      </p>
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets is no list to Safari */}
      <ul class="members" role="list">
        {others.map((other) => (
          <li key={other}>
            <button
              type="button"
              data-testid="duplicate"
              aria-label={`Channel ${other}`}
              onClick={() => {
                openChannel.value = other;
              }}
            >
              <GroupMember half={half} channel={other} />
              <span>{other}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
