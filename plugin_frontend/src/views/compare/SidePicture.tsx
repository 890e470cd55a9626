/** One side's map of a pair, over the picture. */
import { hasValues } from "../../data/maps.ts";
import type { Side } from "../../state/compare.ts";
import { sideSteps } from "../../state/compare_frame.ts";
import { FlagBadges } from "../explanations/Flags.tsx";
import { Picture } from "../explanations/Picture.tsx";
import { shownMap } from "../explanations/shown_map.ts";
import type { MapPair } from "./pairs.ts";
import { SideMark } from "./Sides.tsx";
import { rangeIn } from "./shown.ts";

type Props = {
  side: Side;
  pair: MapPair;
  longest: number;
  shownAt: number;
};

export function SidePicture({ side, pair, longest, shownAt }: Props) {
  const { explanation, target } = pair[side];
  const map = target && shownMap(target);
  const logged = explanation.frame.step;
  return (
    <span class="side-picture" data-side={side} data-step={logged}>
      <Picture
        explanation={explanation}
        target={target}
        range={map && hasValues(map) ? rangeIn(pair, map) : undefined}
        longest={longest}
        shownAt={shownAt}
        note={target ? undefined : "not logged for this class"}
      />
      <span class="badges">
        <SideMark side={side} />
        {logged !== sideSteps.value[side] && (
          <span class="badge" title="Not logged at the step of this side: this is the nearest one">
            step {logged}
          </span>
        )}
        <FlagBadges flags={target?.flags ?? 0} />
      </span>
    </span>
  );
}
