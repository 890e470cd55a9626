/** One explanation enlarged: the panel of its kind or its picture, and beside it what is known of the map and its classes. */
import type { ComponentChildren } from "preact";
import { classChoice } from "../../state/samples.ts";
import { chooseTarget, type Explanation } from "./cards.ts";
import { usePanel } from "./details.ts";
import { FigureTable } from "./Figures.tsx";
import { FlagNotes } from "./Flags.tsx";
import { Caption, LargePicture, LargeVoxels } from "./LargePicture.tsx";
import { Targets } from "./Targets.tsx";

type Props = {
  explanation: Explanation /** Above and below the rest of the side. */;
  above?: ComponentChildren;
  children?: ComponentChildren;
};

export function Explored({ explanation, above, children }: Props) {
  const target = chooseTarget(explanation, classChoice.value);
  const { kind } = explanation.frame.series;
  const Panel = usePanel(kind);
  return (
    <div class="sample-body" data-panel={Panel !== undefined && target ? kind : undefined}>
      {Panel === null && target && <p class="notice">Loading …</p>}
      {Panel && target && <Panel explanation={explanation} target={target} />}
      {(Panel === undefined || !target) && (
        <figure class="large">
          <LargePicture explanation={explanation} target={target} />
          <Caption explanation={explanation} target={target} />
          {explanation.sample.volume && <LargeVoxels explanation={explanation} />}
        </figure>
      )}
      <div class="sample-side">
        {above}
        <FlagNotes flags={target?.flags ?? 0} />
        <Targets explanation={explanation} />
        {target && target.map.form !== "picture" && target.figures.length > 0 && (
          <>
            <h3>Quality of the map</h3>
            <FigureTable figures={target.figures} />
          </>
        )}
        {children}
      </div>
    </div>
  );
}
