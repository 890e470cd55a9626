/** Voxels in space, to turn by dragging or with the arrow keys; all views on the page turn together. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useRef } from "preact/hooks";
import type { Volume } from "../../data/volumes.ts";
import { project } from "../../render/voxels/camera.ts";
import { uprightBox } from "../../render/voxels/grid.ts";
import { shownSurface, standing } from "../../state/standing_voxels.ts";
import { leastShown, resetOrientation, seenFrom, spin, turn, up } from "../../state/voxels.ts";
import { usePainting } from "../painting.ts";
import { type Colours, colourer } from "./colours.ts";
import { drawScene } from "./scene.ts";

export type Part = { starts: readonly number[]; stops: readonly number[] };

export type VoxelViewProps = {
  volume: Volume;
  /** What it shows, in words. */
  label: string;
  colours?: Colours | undefined;
  /** A part of the volume that is framed. */
  part?: Part | undefined;
  /** In CSS pixels; the view is a square. */
  side: number;
  /** Whether it can be turned itself; otherwise it follows the others. */
  interactive?: boolean;
};

/** Degrees: a second by itself, a pixel dragged, a press of an arrow key. */
const SPEED = 16;
const DRAG = 0.6;
const KEY = 10;

/** Twice the pixels of an ordinary screen: edges are smooth when they are drawn smaller. */
const SHARPNESS = 2;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-KEY, 0],
  ArrowRight: [KEY, 0],
  ArrowUp: [0, KEY],
  ArrowDown: [0, -KEY],
};

export function VoxelView({ volume, label, colours, part, side, interactive = true }: VoxelViewProps) {
  const resolution = side * SHARPNESS;
  const canvas = usePainting(() => {
    const seen = shownSurface(volume);
    const projection = project(seen.size, seenFrom(), resolution, resolution);
    const colourOf = colourer(standing(volume), leastShown(), colours);
    const framed = part && uprightBox(volume, up.value, part.starts, part.stops);
    return (element) => drawScene(element, seen, projection, colourOf, framed);
  }, [volume, colours, part, resolution]);

  const turning = useTurning(interactive);
  const described = `${label}: ${volume.depth} × ${volume.height} × ${volume.width} voxels`;
  const empty = shownSurface(volume).count === 0;
  return (
    <span class="voxel-frame">
      <canvas
        ref={canvas}
        class="voxel-view"
        data-testid="voxel-view"
        width={resolution}
        height={resolution}
        role="img"
        aria-label={interactive ? `${described}. Arrow keys turn them.` : described}
        tabIndex={interactive ? 0 : undefined}
        {...turning}
      />
      {empty && <span class="voxel-empty">{emptyText(volume)}</span>}
    </span>
  );
}

/** What is hidden by the threshold is worth a word: reconstructions are often faint. */
function emptyText({ voxels }: Volume): string {
  const most = voxels.reduce((most, value) => Math.max(most, value), 0);
  return most ? `all below ${(most / 255 + 0.005).toFixed(2)}` : "empty";
}

/** Turns by pointer and keys, and slowly by itself while pointed at or focused, until somebody turns it. */
function useTurning(interactive: boolean) {
  const dragging = useRef(false);
  const idle = useSignal(false);
  useSignalEffect(() => {
    if (!idle.value || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function next(now) {
      spin.value += (SPEED * Math.min(100, now - before)) / 1000;
      before = now;
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  });
  if (!interactive) return {};

  const rest = () => {
    idle.value = false;
  };
  const wake = () => {
    idle.value = !dragging.current;
  };
  const drop = () => {
    dragging.current = false;
  };
  return {
    onPointerEnter: wake,
    onPointerLeave: rest,
    onFocus: wake,
    onBlur: rest,
    onPointerDown: (event: TargetedPointerEvent<HTMLCanvasElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      dragging.current = true;
      rest();
    },
    onPointerMove: ({ movementX, movementY }: TargetedPointerEvent<HTMLCanvasElement>) => {
      if (dragging.current) turn(DRAG * movementX, DRAG * movementY);
    },
    onPointerUp: drop,
    onPointerCancel: drop,
    onDblClick: resetOrientation,
    onKeyDown: (event: TargetedKeyboardEvent<HTMLCanvasElement>) => {
      const arrow = ARROWS[event.key];
      if ((!arrow && event.key !== "Home") || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // elsewhere on the page these keys move the step
      rest();
      arrow ? turn(...arrow) : resetOrientation();
    },
  };
}
