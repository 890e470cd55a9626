/** How voxels are looked at, all of them from the same side, so that they can be compared. */
import { batch, signal } from "@preact/signals";
import { type Orientation, turned } from "../render/voxels/camera.ts";
import type { Up } from "../render/voxels/grid.ts";
import { adjusted, between, bind, oneOf } from "./bindings.ts";

const DEFAULT_ORIENTATION: Orientation = { yaw: 145, pitch: 22 };
const DEFAULT_LEVEL = 0.5;

const orientation = signal(DEFAULT_ORIENTATION);

/** How far voxels have turned by themselves since. */
export const spin = signal(0);

/** Voxels below this share of what they can be at most are empty. */
export const level = signal(DEFAULT_LEVEL);

const UPS = ["first", "second"] as const satisfies readonly Up[];
export const up = signal<Up>("first");

export function seenFrom(): Orientation {
  return turned(orientation.value, spin.value, 0);
}

export function turn(byYaw: number, byPitch: number): void {
  batch(() => {
    orientation.value = turned(seenFrom(), byYaw, byPitch);
    spin.value = 0;
  });
}

export function resetOrientation(): void {
  batch(() => {
    orientation.value = DEFAULT_ORIENTATION;
    spin.value = 0;
  });
}

function parseOrientation(text: string): Orientation | undefined {
  const [, yaw, pitch] = /^(\d+),(-?\d+)$/.exec(text) ?? [];
  return yaw !== undefined && Number(yaw) < 360 && Math.abs(Number(pitch)) <= 90
    ? { yaw: Number(yaw), pitch: Number(pitch) }
    : undefined;
}

function formatOrientation({ yaw, pitch }: Orientation): string {
  return `${Math.round(yaw) % 360},${Math.round(pitch)}`;
}

/** The least value, from 1 to 255, of a voxel that is shown. */
export function leastShown(): number {
  return Math.max(1, Math.round(255 * level.value));
}

export const voxelBindings = [
  adjusted(bind("turned", orientation, DEFAULT_ORIENTATION, parseOrientation, formatOrientation)),
  adjusted(bind("level", level, DEFAULT_LEVEL, between(0, 1))),
  bind("up", up, "first", oneOf<Up>(UPS)),
];
