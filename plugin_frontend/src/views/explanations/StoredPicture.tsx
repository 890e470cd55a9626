/** A picture of a record: an image, or voxels in space; as large wherever it is shown, whether it has arrived or not. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { imageAddress } from "../../data/client.ts";
import type { StoredPicture as Stored } from "../../data/volumes.ts";
import { volume } from "../../state/volumes.ts";
import { adoptStyles } from "../../styles/adopt.ts";
import styles from "../../styles/stored_picture.css?inline";
import { lazy } from "../../widgets/lazy.tsx";
import type { Colours } from "../../widgets/voxels/colours.ts";
import type { Part } from "../../widgets/voxels/VoxelView.tsx";

adoptStyles(styles);

export const VoxelView = lazy(async () => (await import("../../widgets/voxels/Voxels.tsx")).VoxelView);
const Projections = lazy(async () => (await import("../../widgets/voxels/Voxels.tsx")).Projections);
export const Voxels = lazy(async () => (await import("../../widgets/voxels/Voxels.tsx")).Voxels);

type Props = {
  run: string;
  picture: Stored;
  /** What it shows, in words. */
  label: string;
  /** The longer side on screen, in CSS pixels. */
  side: number;
  colours?: Colours;
  /** A part of the voxels that is framed, here and in their projections. */
  part?: Part;
  /** Voxels: whether they come with their projections and what decides how they are seen, and can be turned. */
  complete?: boolean;
  /** What lies above an image. */
  children?: ComponentChildren;
};

export function StoredPicture({ run, picture, label, side, colours, part, complete = false, children }: Props) {
  if (!picture.volume)
    return (
      <StoredImage run={run} hash={picture.image} label={label} side={side}>
        {children}
      </StoredImage>
    );
  const voxels = volume(run, picture.volume);
  const image = (note?: string) => <StoredImage run={run} hash={picture.image} label={label} side={side} note={note} />;
  if (voxels === null) return image("the voxels cannot be read");
  // As high as what will come.
  const pending = (
    <div class="voxels-pending" data-with={complete ? "controls" : part && "projections"}>
      {image()}
    </div>
  );
  if (voxels === undefined) return pending;
  const shown = { volume: voxels, label, colours, part, side, fallback: pending };
  if (complete) return <Voxels {...shown} />;
  return (
    <>
      <VoxelView {...shown} interactive={false} />
      {part && <Projections volume={voxels} label={label} part={part} />}
    </>
  );
}

type ImageProps = Pick<Props, "run" | "label" | "side" | "children"> & { hash: string; note?: string | undefined };

/** Small images are enlarged without smoothing. */
export function StoredImage({ run, hash, label, side, note, children }: ImageProps) {
  const enlarged = useSignal(false);
  const broken = useSignal(""); // its hash
  const problem =
    hash && broken.value === hash ? "the image cannot be read" : (note ?? (hash ? undefined : "not logged"));
  return (
    <span class="stored-image" data-dimmed={problem ? "" : undefined}>
      {hash && broken.value !== hash && (
        <img
          class={enlarged.value ? "pixelated" : undefined}
          src={imageAddress(run, hash)}
          alt={label}
          decoding="async"
          draggable={false}
          onLoad={({ currentTarget: { naturalHeight, naturalWidth } }) => {
            enlarged.value = side > 2 * Math.max(naturalHeight, naturalWidth);
          }}
          onError={() => {
            broken.value = hash;
          }}
        />
      )}
      {children}
      {problem && <span class="picture-note">{problem}</span>}
    </span>
  );
}
