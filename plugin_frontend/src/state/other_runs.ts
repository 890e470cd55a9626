/** The same image in other runs: looked up in the summary of one record a run, without maps. */
import { fetchSummaries } from "../data/client.ts";
import { decodeSummary } from "../data/summaries.ts";
import { entriesAt, unionOfSteps } from "./alignment.ts";
import { Blobs } from "./blobs.ts";
import { shownRuns } from "./runs.ts";
import { seriesKey, seriesOf } from "./series.ts";
import { stepIndex } from "./steps.ts";

/** Ids of the samples of a run, and the rows that they are. */
type Known = { id: string; row: number }[];

const MOST_SAMPLES = 200_000;

/** By the keys of the records and the run, of which keys have no spaces. */
const kept = new Blobs<Known>(
  MOST_SAMPLES,
  async (run, name) => {
    const keys = name.slice(0, name.indexOf(" ")).split(",");
    const payloads = await fetchSummaries(run, keys, null);
    return payloads.flatMap((payload) =>
      payload ? decodeSummary(payload).samples.map(({ id, row }) => ({ id, row })) : [],
    );
  },
  (samples) => samples.length + 1,
);

/** The shown runs, other than the sample's own, that have logged the image, and its id there. Tracks what it needs. */
export function othersWith(sample: string, row: number, own: string): { run: string; sample: string }[] {
  return shownRuns.value.flatMap(({ run }) => {
    if (run === own) return [];
    const found = samplesOf(run)?.find(
      ({ id, row: other }) => (row && other === row) || (id === sample && !isPlace(id)),
    );
    return found ? [{ run, sample: found.id }] : [];
  });
}

/** Of the newest record of its first series. */
function samplesOf(run: string): Known | null | undefined {
  const index = stepIndex.value.get(run);
  const [logged] = seriesOf(run).flatMap((series) => index?.get(seriesKey(series)) ?? []);
  const last = logged && unionOfSteps([logged]).at(-1);
  const entries = last === undefined ? null : entriesAt(logged as NonNullable<typeof logged>, last);
  return entries ? kept.look(run, `${entries.keys.join(",")} ${run}`) : null;
}

/** Such as "#3": it says nothing of the picture. */
function isPlace(id: string): boolean {
  return id.startsWith("#");
}
