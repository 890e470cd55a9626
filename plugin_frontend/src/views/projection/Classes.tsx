/** How far apart the classes lie: as a matrix, and as the pairs that are confused most easily. */
import { className } from "../../state/class_names.ts";
import type { Points } from "../../state/projection_frame.ts";
import { DistanceMatrix } from "./DistanceMatrix.tsx";
import { Pairs } from "./Pairs.tsx";

export function Classes({ points }: { points: Points }) {
  const { classDistances, classes } = points.header;
  if (!classDistances) return <p class="hint">Nothing is known about classes: no labels were logged.</p>;
  if (classDistances.classes.length < 2)
    return <p class="hint">All rows are of one class, {className(classes, classDistances.classes[0])}.</p>;
  return (
    <>
      <DistanceMatrix points={points} distances={classDistances} />
      <Pairs points={points} distances={classDistances} />
    </>
  );
}
