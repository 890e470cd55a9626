/** What was said of samples at every step of a series, without maps: probabilities, predictions and figures over time. */

import { type Signal, signal, untracked } from "@preact/signals";
import type { SeriesSteps } from "../data/answers.ts";
import { fetchSummaries, Unreachable } from "../data/client.ts";
import { Lru } from "../data/lru.ts";
import { RecordStore } from "../data/record_store.ts";
import { decodeSummary, type RecordSummary, type SampleSummary } from "../data/summaries.ts";
import { unionOfSteps } from "./alignment.ts";
import type { Lookup } from "./blobs.ts";
import { onForget } from "./forget.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { type Series, seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";

/** What was logged of a series at one step. Of two records that tell of one sample the later one counts. */
export type Moment = { step: number; samples: SampleSummary[]; classes: string };

/** Ascending steps: all, or evenly chosen ones, the first and the last among them, when they are too many samples to fetch. */
export type History = {
  moments: Moment[];
  /** How many steps were logged. */
  steps: number;
  /** Of which so many were looked at. */
  chosen: number;
};

/** Samples of one answer; a sample and its targets are some hundred bytes. */
const MOST_SAMPLES = 40_000;
const MOST_STEPS = 2000;
const BUDGET = 32 * 1024 * 1024;

const stores = new Map<string, RecordStore<{ key: string }, RecordSummary>>();

type Known = { keys: string; lookup: Signal<Lookup<History>> };
/** Far more than a page shows at once. */
const MOST_KNOWN = 2000;
const known = new Lru<Known>(MOST_KNOWN);

/**
 * The history of one sample (by its id), or of all of a series. What calls this in an effect is called again when it has
 * arrived, and when there is more of it: until then what was known stays.
 */
export function historyOf(series: Series, sample: string | null = null): Lookup<History> {
  void unreachable.value; // asks again once the server is back
  const logged = stepIndex.value.get(series.run)?.get(seriesKey(series));
  if (!logged) return undefined;
  const chosen = chosenSteps(logged, sample === null ? MOST_SAMPLES : Number.POSITIVE_INFINITY);
  const keys = logged.keys.filter((_, i) => chosen.has(logged.steps[i] as number)).join();
  const name = [series.run, seriesKey(series), sample ?? ""].join("\n");
  const found = known.get(name);
  if (found?.keys === keys) return found.lookup.value;
  const lookup = found?.lookup ?? signal<Lookup<History>>(undefined);
  known.set(name, { keys, lookup }, 1);
  untracked(() => void fetch(series.run, name, logged, chosen, sample));
  return lookup.value;
}

onForget(() => {
  stores.clear();
  known.clear();
});

async function fetch(
  run: string,
  name: string,
  logged: SeriesSteps,
  chosen: ReadonlySet<number>,
  sample: string | null,
): Promise<void> {
  const asked = known.get(name);
  const entries = logged.keys.flatMap((key, i) =>
    chosen.has(logged.steps[i] as number) ? [{ key, step: logged.steps[i] as number }] : [],
  );
  try {
    const records = await storeFor(sample).load(run, entries);
    if (!asked || known.get(name) !== asked) return; // there is more by now
    asked.lookup.value = {
      moments: momentsOf(entries.map(({ step }, i) => ({ step, record: records[i] ?? null }))),
      steps: unionOfSteps([logged]).length,
      chosen: chosen.size,
    };
  } catch (reason) {
    if (known.get(name) === asked) known.delete(name);
    if (asked && !(reason instanceof Unreachable)) asked.lookup.value = null;
    reportTrouble(reason);
  }
}

/** Summaries of different samples are different answers to the same key. */
function storeFor(sample: string | null): RecordStore<{ key: string }, RecordSummary> {
  const name = sample ?? "";
  const store =
    stores.get(name) ??
    new RecordStore(
      (run, keys) => fetchSummaries(run, keys, sample),
      async () => (_, payload) => decodeSummary(payload, sample),
      sample === null ? BUDGET : BUDGET / 16,
    );
  stores.delete(name);
  stores.set(name, store);
  if (stores.size > 16) stores.delete(stores.keys().next().value as string); // the one least recently used
  return store;
}

/**
 * As many steps as `most` samples allow, and no more than anybody can tell apart, evenly among all, the first and the last included.
 * While there are more and more of them only the last changes, until half of the others are left out.
 */
export function chosenSteps({ steps, counts }: SeriesSteps, most: number): ReadonlySet<number> {
  const all = [...new Set(steps)];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const kept = Math.min(MOST_STEPS, Math.max(2, Math.floor(Math.min(1, most / Math.max(1, total)) * all.length)));
  if (kept >= all.length) return new Set(all);
  const stride = 2 ** Math.ceil(Math.log2((all.length - 1) / (kept - 1)));
  return new Set(all.filter((_, i) => i % stride === 0 || i === all.length - 1));
}

/** What records tell of all their samples; `null` for those that cannot be read. Kept together with the histories, of which they may be a part. */
export function loadSummaries(run: string, keys: readonly string[]): Promise<(RecordSummary | null)[]> {
  return storeFor(null).load(
    run,
    keys.map((key) => ({ key })),
  );
}

/** Records that cannot be read, and those without the sample, are left out. */
export function momentsOf(records: readonly { step: number; record: RecordSummary | null }[]): Moment[] {
  const moments: Moment[] = [];
  for (const { step, record } of records) {
    if (!record?.samples.length) continue;
    const last = moments.at(-1);
    const before = last?.step === step ? moments.pop() : undefined;
    const later = new Map([...(before?.samples ?? []), ...record.samples].map((sample) => [sample.id, sample]));
    moments.push({ step, samples: [...later.values()], classes: record.classes || before?.classes || "" });
  }
  return moments;
}
