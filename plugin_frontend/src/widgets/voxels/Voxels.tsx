/** Voxels as three projections and in space, with what decides how they are seen. */
import { level, resetOrientation, up } from "../../state/voxels.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import styles from "../../styles/voxels.css?inline";
import { Icon } from "../Icon.tsx";
import { Segmented } from "../Segmented.tsx";
import { Slider } from "../Slider.tsx";
import { Projections } from "./Projections.tsx";
import { VoxelView, type VoxelViewProps } from "./VoxelView.tsx";

export { Projections } from "./Projections.tsx";
export { VoxelView } from "./VoxelView.tsx";

adoptStyles(styles);

type Props = Omit<VoxelViewProps, "interactive" | "side"> & { side?: number };

export function Voxels({ side = 320, ...shown }: Props) {
  const binary = shown.volume.voxels.every((value) => value === 0 || value === 255);
  return (
    <div class="voxels" data-testid="voxels" style={{ "--side": `${side}px` }}>
      <div class="voxel-space">
        <VoxelView {...shown} side={side} />
        <button
          type="button"
          class="icon-button voxel-reset"
          aria-label="Turn back"
          title="Turn back (Home)"
          onClick={resetOrientation}
        >
          <Icon name="reload" />
        </button>
      </div>
      <Projections {...shown} />
      <div class="voxel-controls">
        <Slider
          label="Threshold"
          value={level}
          min={0}
          max={1}
          step={0.05}
          testId="voxel-level"
          disabled={binary}
          format={(value) => (binary ? "all or nothing" : value.toFixed(2))}
        />
        <Segmented
          label="Upright"
          value={up.value}
          options={[
            ["first", "1st axis"],
            ["second", "2nd axis"],
          ]}
          testId="voxel-up"
          onChange={(value) => {
            up.value = value;
          }}
        />
      </div>
    </div>
  );
}
