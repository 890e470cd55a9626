import { beforeEach, expect, test, vi } from "vitest";
import { Unreachable } from "../data/client.ts";
import { formatCorners } from "../data/compact_ids.ts";
import { restoreLasso } from "./lasso_link.ts";
import { idsInLasso } from "./lassoed.ts";
import { reportReachable, unreachable } from "./reachability.ts";
import { indexing, runs } from "./runs.ts";
import { NOTHING, parseSelection, select, selection } from "./selection.ts";
import { stepIndex } from "./steps.ts";

vi.mock(import("./lassoed.ts"), () => ({ idsInLasso: vi.fn(), rowsInLasso: vi.fn() }));

const counts = { unknown: 0, damaged: 0, failed: 0, dropped: 0 };

/** What the server has read of a run: its projection at these steps, of which so many are listed to the page. */
function log(run: string, steps: number[], listed = steps.length): void {
  const series = { tag: "t", kind: "PROJECTION", method: "", layer: "", parameters: "", description: "" };
  runs.value = [...(runs.value ?? []), { run, series: [{ ...series, records: steps.length }], counts, failures: [] }];
  const known = steps.slice(0, listed);
  const of = { tag: "t", kind: "PROJECTION", steps: known, wall_times: known, counts: known, keys: known.map(String) };
  stepIndex.value = new Map(stepIndex.value).set(run, new Map([["PROJECTION:t", of]]));
}

const open = (run: string, step: number) => {
  selection.value = parseSelection(`lasso:${step}:${formatCorners([0, 0, 9, 0, 9, 9])}:t:${run}`) ?? NOTHING;
};
const settled = () => new Promise((resolve) => setTimeout(resolve));

restoreLasso();

beforeEach(() => {
  select([]);
  runs.value = [];
  stepIndex.value = new Map();
  indexing.value = null;
  reportReachable();
  vi.mocked(idsInLasso).mockReset().mockResolvedValue(Float64Array.of(3, 5));
});

test("a lasso waits for a run that the server has not read yet, and for steps that are not listed yet", async () => {
  indexing.value = 0.5;
  log("other", [0]);
  open("r", 500);
  await settled();
  expect(selection.value.pending).toBe(true);
  log("r", [0, 500], 1);
  indexing.value = null;
  await settled();
  expect(selection.value.pending).toBe(true);
  log("r", [0, 500]);
  await settled();
  expect([...selection.value.ids]).toEqual([3, 5]);
});

test("a lasso whose points cannot be fetched now is looked up once the server is back", async () => {
  vi.mocked(idsInLasso).mockRejectedValueOnce(new Unreachable("504"));
  log("r", [500]);
  open("r", 500);
  await vi.waitFor(() => expect(unreachable.value).toBe("504"));
  expect(selection.value.pending).toBe(true);
  reportReachable();
  await vi.waitFor(() => expect([...selection.value.ids]).toEqual([3, 5]));
  expect(idsInLasso).toHaveBeenCalledTimes(2);
});

test("a lasso of what is not there selects nothing", async () => {
  log("r", [500]);
  for (const [run, step] of [
    ["gone", 500],
    ["r", 400],
  ] as const) {
    open(run, step);
    expect(selection.value).toBe(NOTHING);
  }
  vi.spyOn(console, "warn").mockReturnValue();
  vi.mocked(idsInLasso).mockRejectedValueOnce(new Error("damaged"));
  open("r", 500);
  await vi.waitFor(() => expect(selection.value).toBe(NOTHING));
});
