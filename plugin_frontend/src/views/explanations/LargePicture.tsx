/** The picture of an explanation enlarged, and the line below it that says what it shows. */
import type { ComponentChildren } from "preact";
import type { Target } from "../../data/explained.ts";
import { type AttributionMap, hasValues } from "../../data/maps.ts";
import { className } from "../../state/class_names.ts";
import { methodOf, seriesNames } from "../../state/series.ts";
import type { Explanation } from "./cards.ts";
import { FlagBadges } from "./Flags.tsx";
import { compact } from "./format.ts";
import { Picture } from "./Picture.tsx";
import { StoredPicture } from "./StoredPicture.tsx";
import { rangeFor } from "./sections.ts";
import { shownMap } from "./shown_map.ts";

/** The longer side of an enlarged picture on screen. */
const LARGE = 480;
const LARGE_VOXELS = 320;

/** The longer side of its canvas. Superpixels need whole pixels of their label map, or their edges would waver. */
function largeCanvas({ record: { height, width } }: Explanation, target: Target | null): number {
  const longest = Math.max(height, width);
  if (target?.map.form === "superpixels") return longest * Math.max(1, Math.round(LARGE / longest));
  return Math.min(512, Math.max(256, longest));
}

type Props = {
  explanation: Explanation;
  target: Target | null;
  /** Another map than that of the target. */
  map?: AttributionMap;
  readout?: boolean;
  children?: ComponentChildren;
};

export function LargePicture({ explanation, target, ...rest }: Props) {
  return (
    <Picture
      explanation={explanation}
      target={target}
      longest={largeCanvas(explanation, target)}
      shownAt={LARGE}
      note={target ? undefined : "not logged for this class"}
      {...rest}
    />
  );
}

/** The sample itself where its image is only the shadow of voxels. */
export function LargeVoxels({ explanation: { sample, frame } }: Pick<Props, "explanation">) {
  return (
    <StoredPicture
      run={frame.series.run}
      picture={sample}
      label={sample.name || "Explained voxels"}
      side={LARGE_VOXELS}
      complete
    />
  );
}

type CaptionProps = Pick<Props, "explanation" | "target" | "map" | "children">;

export function Caption({ explanation: { record, frame }, target, map, children }: CaptionProps) {
  const shown = map ?? (target && shownMap(target));
  const range = shown && hasValues(shown) && rangeFor(shown, methodOf(frame.series));
  return (
    <figcaption>
      <span>{seriesNames.value(frame.series)}</span>
      {target && (
        <span>{record.classDependent ? className(record.classes, target.classIndex) : "same for every class"}</span>
      )}
      {range && (
        <span>
          range {compact(range.low)} … {compact(range.high)}
        </span>
      )}
      <span>step {frame.step}</span>
      {children}
      <FlagBadges flags={target?.flags ?? 0} />
    </figcaption>
  );
}
