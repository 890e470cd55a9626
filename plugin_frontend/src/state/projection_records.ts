/** Headers of projections by run and key, and where each step's picture is in the frame that all steps share. */

import type { SeriesSteps } from "../data/answers.ts";
import { fetchRecords, loadCode } from "../data/client.ts";
import { Lru } from "../data/lru.ts";
import type { Projection } from "../data/projections.ts";
import type { Frame } from "../render/scatter/types.ts";
import { onForget } from "./forget.ts";

const BUDGET = 16 * 1024 * 1024;

const headers = new Lru<Promise<Projection>>(BUDGET);

/** Rejects with one sentence when it cannot be read. */
export function loadHeader(run: string, key: string): Promise<Projection> {
  return loadHeaders(run, [key])[0] as Promise<Projection>;
}

/** In one request. */
export function loadHeaders(run: string, keys: readonly string[]): Promise<Projection>[] {
  const name = (key: string) => `${run}\n${key}`;
  const missing = keys.filter((key) => headers.get(name(key)) === undefined);
  if (missing.length === 0) return keys.map((key) => headers.get(name(key)) as Promise<Projection>);
  const answer = Promise.all([fetchRecords(run, missing), loadCode(() => import("../data/projections.ts"))]);
  missing.forEach((key, i) => {
    const header = answer.then(([payloads, { decodeProjection }]) => {
      const payload = payloads[i];
      if (!payload) throw new Error("The record cannot be read. It may be damaged on disk.");
      headers.set(name(key), header, payload.length);
      return decodeProjection(payload);
    });
    header.catch(() => headers.delete(name(key))); // asked for again
    headers.set(name(key), header, 0);
  });
  return keys.map((key) => headers.get(name(key)) as Promise<Projection>);
}

/** Of so many steps the extents are looked up. */
const SAMPLED = 16;

const frames = new Map<string, Frame>();

onForget(() => {
  headers.clear();
  frames.clear();
});

/** The frame of a series: what holds the points of all its steps, so that they can be compared. */
export async function frameOf(run: string, tag: string, { keys }: SeriesSteps, shown: Projection): Promise<Frame> {
  const name = `${run}\n${tag}\n${keys[0]}`; // a run that was written anew has other keys
  let frame = frames.get(name);
  if (!frame) {
    const stride = Math.max(1, (keys.length - 1) / (SAMPLED - 1));
    const sampled = new Set<string>();
    for (let at = 0; at < keys.length; at += stride) sampled.add(keys[Math.round(at)] as string);
    const found = await Promise.allSettled(loadHeaders(run, [...sampled]));
    const extents = found.flatMap((result) => (result.status === "fulfilled" ? [extentOf(result.value)] : []));
    frame = union([extentOf(shown), ...extents]);
  }
  const grown = union([frame, extentOf(shown)]);
  // A little beyond the frame is in sight still; growing it would move all points on the screen.
  if (grown.radius > 1.2 * frame.radius || !frames.has(name))
    frames.set(name, grown.radius > frame.radius ? grown : frame);
  return frames.get(name) as Frame;
}

const LARGEST = 65535;

function extentOf({ positions: { scale, offset } }: Projection): Frame {
  const radius = (scale * LARGEST) / 2;
  return { centre: offset + radius, radius };
}

function union(all: readonly Frame[]): Frame {
  const low = Math.min(...all.map(({ centre, radius }) => centre - radius));
  const high = Math.max(...all.map(({ centre, radius }) => centre + radius));
  return { centre: (low + high) / 2, radius: (high - low) / 2 };
}
