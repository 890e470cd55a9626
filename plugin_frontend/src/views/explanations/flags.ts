/** Why a map cannot be trusted, in words: what was wrong, and what to try. */
import { Flag } from "../../records/messages.ts";

type Warning = { badge: string; wrong: string; advice: string };

const WARNINGS: readonly (Warning & { flag: Flag })[] = [
  {
    flag: Flag.NOT_FINITE,
    badge: "not finite",
    wrong: "The map had NaN or infinite values; they are drawn as 0.",
    advice: "Look for an overflow, as in half precision, or for a network that has diverged.",
  },
  {
    flag: Flag.ZERO_GRADIENT,
    badge: "gradient vanished",
    wrong: "The target's gradient vanished at the layer: the method had nothing to go by.",
    advice:
      "Try an earlier layer. In a transformer the last block's other tokens never reach the class: explain its first normalisation.",
  },
  {
    flag: Flag.ALL_ZERO,
    badge: "all zero",
    wrong: "The map is zero everywhere.",
    advice: "Try another layer, or a signed method: many cut off what speaks against the class.",
  },
  {
    flag: Flag.ONE_SEGMENT,
    badge: "one superpixel",
    wrong: "The image has fewer than two superpixels: there is nothing to compare.",
    advice: "Ask for more or less compact superpixels, or give a label map of your own.",
  },
  {
    flag: Flag.SATURATED,
    badge: "saturated",
    wrong: "The score hardly moved whatever was hidden.",
    advice: "Hide larger parts, or explain the log-odds, which still move where a probability is close to 1.",
  },
  {
    flag: Flag.POOR_FIT,
    badge: "poor fit",
    wrong: "The local model explains less than 30 % of what the network did: its weights say little.",
    advice: "Take more samples or fewer superpixels.",
  },
];

const KNOWN = WARNINGS.reduce((bits, { flag }) => bits | flag, 0);

export function warnings(flags: number): Warning[] {
  const unknown = flags & ~KNOWN;
  const found: Warning[] = WARNINGS.filter(({ flag }) => flags & flag);
  if (!unknown) return found;
  return [
    ...found,
    {
      badge: "not to be trusted",
      wrong: `The writer marked the map for a reason that this page does not know (${unknown}).`,
      advice: "A newer version of tb-explain can say which.",
    },
  ];
}
