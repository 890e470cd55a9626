/** The channels on screen: for each half of the view the layer at one step, loaded together and shown together. */
import { effect, signal } from "@preact/signals";
import { type ChannelLayer, joinLayer, type Logged } from "../data/channel_layer.ts";
import type { Maps } from "../data/channels.ts";
import { Unreachable } from "../data/client.ts";
import { latest } from "../data/latest.ts";
import { type ImageMaps, imageMaps } from "../render/channels/maps.ts";
import { lastNotAbove } from "./alignment.ts";
import { type ChannelNumbers, loadNumbers, sentenceOf } from "./channel_numbers.ts";
import { loadChannels } from "./channel_records.ts";
import { requestClassNames } from "./class_names.ts";
import { loadColumn } from "./columns.ts";
import { featuresLoading, featuresStep, imageChoice, type Pane, panes, seriesIn } from "./features.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";
import { step, stepAt, steps } from "./timeline.ts";
import { view } from "./view.ts";

/** One half of the view. */
export type PaneFrame = {
  pane: Pane;
  layer: ChannelLayer;
  numbers: ChannelNumbers;
  /** Of the chosen image; `null`: none were logged, or they cannot be read. */
  maps: ImageMaps | null;
  /** What cannot be shown, a sentence each. */
  problems: readonly string[];
};

/** Or the sentence that says why there is nothing. */
export type Loaded = { pane: Pane; found: PaneFrame | null; problem: string };

/** All of it belongs to `step`: a frame is replaced, never changed. */
type FeatureFrame = { step: number; panes: readonly Loaded[] };

export const featureFrame = signal<FeatureFrame | null>(null);

type Wanted = { step: number; panes: readonly Pane[]; image: string | null };

/** Follows the step, the layers and the image. Returns what ends it. */
export function followFeatures(): () => void {
  const request = latest(
    loadFrame,
    (loaded) => {
      featureFrame.value = loaded;
      featuresStep.value = loaded.step;
      featuresLoading.value = loaded.step !== step.peek();
      prefetch();
    },
    (reason) => {
      featuresLoading.value = false;
      reportTrouble(reason);
    },
  );
  return effect(() => {
    void unreachable.value; // asks again once the server is back
    void stepIndex.value;
    if (view.value !== "features" || step.value === null || panes.value.length === 0) return;
    featuresLoading.value = true;
    request({ step: step.value, panes: panes.value, image: imageChoice.value });
  });
}

async function loadFrame({ step, panes, image }: Wanted): Promise<FeatureFrame> {
  return { step, panes: await Promise.all(panes.map((pane) => loadPane(pane, step, image))) };
}

async function loadPane(pane: Pane, step: number, image: string | null): Promise<Loaded> {
  try {
    const { layer, problems } = await loadLayer(pane, step);
    const numbers = await loadNumbers(pane.run, layer);
    const maps = layer.maps && (await mapsOf(pane.run, layer.maps.value, image));
    const unreadable = maps === null ? ["The activations cannot be read. They may be damaged on disk."] : [];
    return {
      pane,
      found: {
        pane,
        layer,
        numbers,
        maps: maps ?? null,
        problems: [...problems, ...numbers.problems, ...unreadable],
      },
      problem: "",
    };
  } catch (reason) {
    if (reason instanceof Unreachable) throw reason;
    return { pane, found: null, problem: sentenceOf(reason) };
  }
}

/** How far back a part is looked for that newer records leave out. */
const FAR = 64;

type Header = { tag: string; key: string; step: number; newest: boolean };

/** The records that may tell of a layer at a step: of each series at most `far`, the newest last. */
export function headersOf(pane: Pane, step: number, far = FAR): Header[] {
  const index = stepIndex.peek().get(pane.run);
  return seriesIn(pane).flatMap((series) => {
    const logged = index?.get(seriesKey(series));
    if (!logged) return [];
    const last = lastNotAbove(logged.steps, step);
    const to = last < 0 ? lastNotAbove(logged.steps, logged.steps[0] as number) : last; // none before: the nearest later
    return logged.keys
      .map((key, i) => ({
        tag: series.tag,
        key,
        step: logged.steps[i] as number,
        newest: logged.steps[i] === logged.steps[to],
      }))
      .slice(Math.max(0, to + 1 - far), to + 1);
  });
}

/** Rejects with one sentence when nothing of it can be read. */
export async function loadLayer(
  pane: Pane,
  step: number,
  wanted = headersOf(pane, step),
): Promise<{ layer: ChannelLayer; problems: string[] }> {
  const headers = await loadChannels(
    pane.run,
    wanted.map(({ key }) => key),
  );
  const problems: string[] = [];
  const logged = wanted.flatMap(({ tag, step, newest }, i): Logged[] => {
    const header = headers[i];
    if (header?.channels) return [{ tag, step, channels: header.channels }];
    if (newest) problems.push(`${tag} at step ${step}: ${header?.problem}`);
    return [];
  });
  const layer = joinLayer(logged, step);
  if (!layer) throw new Error(problems[0] ?? "Nothing was logged of this layer.");
  requestClassNames(pane.run, layer.classes);
  for (const { value } of layer.statistics.values()) requestClassNames(pane.run, value.categories);
  return { layer, problems };
}

/** `null`: they cannot be read. */
async function mapsOf(run: string, maps: Maps, image: string | null): Promise<ImageMaps | null> {
  const chosen = imageIn(maps, image);
  try {
    const [stored, ranges] = await Promise.all([
      loadColumn(run, maps.columns[chosen] as Maps["ranges"]),
      loadColumn(run, maps.ranges),
    ]);
    return imageMaps(maps, chosen, stored as Uint8Array, ranges as Float32Array);
  } catch (reason) {
    if (reason instanceof Unreachable) throw reason;
    return null;
  }
}

/** The chosen image among those of a layer: the same, else the first. */
function imageIn({ images }: Maps, choice: string | null): number {
  return Math.max(
    0,
    images.findIndex(({ id }) => id === choice),
  );
}

/** Loads the steps next to the shown one, so that moving there is immediate. */
function prefetch(): void {
  for (const distance of [1, -1]) {
    const neighbour = steps.peek()[stepAt.peek() + distance];
    if (neighbour === undefined) continue;
    const wanted = { step: neighbour, panes: panes.peek(), image: imageChoice.peek() };
    loadFrame(wanted).catch(() => {}); // shown if and when it is asked for
  }
}
