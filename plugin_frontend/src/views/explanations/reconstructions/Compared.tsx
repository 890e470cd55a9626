/** A reconstruction, as it is or as its difference from the input. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { volumeDifference } from "../../../data/differences.ts";
import type { StoredPicture as Stored } from "../../../data/volumes.ts";
import { dark } from "../../../host/theme.ts";
import { palette } from "../../../render/heatmap/lut.ts";
import { colourMap } from "../../../state/appearance.ts";
import { differenceOf } from "../../../state/differences.ts";
import { showDifference } from "../../../state/reconstructions.ts";
import { volume } from "../../../state/volumes.ts";
import { StoredImage, StoredPicture, Voxels, VoxelView } from "../StoredPicture.tsx";

type Props = { run: string; input: Stored; picture: Stored; label: string; side: number; complete?: boolean };

/** Differences of this share of the whole range and above look alike: reconstructions are seldom further off. */
export const STRONGEST = 0.5;

export function Compared({ input, ...shown }: Props) {
  if (!showDifference.value || input === shown.picture) return <StoredPicture {...shown} />;
  const label = `${shown.label}, difference from the input`;
  const Difference = shown.picture.volume ? VoxelDifference : ImageDifference;
  return <Difference {...shown} input={input} label={label} />;
}

function ImageDifference({ run, input, picture, label, side }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const difference = differenceOf(run, input.image, picture.image);
  const colours = palette(colourMap.value);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !difference) return;
    const image = context.createImageData(difference.width, difference.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (const [i, value] of difference.values.entries())
      pixels[i] = colours[Math.min(255, Math.round(value / STRONGEST))] as number;
    context.putImageData(image, 0, 0);
  }, [difference, colours]);
  if (!difference) {
    const note = difference === null ? "cannot be compared" : undefined;
    return <StoredImage run={run} hash={picture.image} label={label} side={side} note={note} />;
  }
  const { height, width } = difference;
  return (
    <span class="stored-image">
      <canvas
        ref={canvas}
        class={side > 2 * Math.max(height, width) ? "pixelated" : undefined}
        width={width}
        height={height}
        role="img"
        aria-label={label}
        data-testid="difference"
      />
    </span>
  );
}

/** What the reconstruction lacks, and what it adds. */
export function differenceColours() {
  return dark.value ? { missing: 0x7ab8ef, added: 0xf08a7c } : { missing: 0x4a94dd, added: 0xe2594b };
}

function VoxelDifference({ run, input, picture, label, side, complete }: Props) {
  const from = volume(run, input.volume);
  const to = volume(run, picture.volume);
  const difference = useMemo(() => from && to && volumeDifference(from, to), [from, to]);
  const { missing, added } = differenceColours();
  const colours = useMemo(
    () => difference && ((voxel: number) => (difference.missing(voxel) ? missing : added)),
    [difference, missing, added],
  );
  const image = (note?: string) => <StoredImage run={run} hash={picture.image} label={label} side={side} note={note} />;
  if (!difference || !colours)
    return image(from === null || to === null || difference === null ? "cannot be compared" : undefined);
  const shown = { volume: difference, label, colours, side, fallback: image() };
  return complete ? <Voxels {...shown} /> : <VoxelView {...shown} interactive={false} />;
}
