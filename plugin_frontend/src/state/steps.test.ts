import { expect, test, vi } from "vitest";
import type { Run, StepsPage } from "../data/answers.ts";
import { fetchSteps, Unreachable } from "../data/client.ts";
import { reportReachable } from "./reachability.ts";
import { runs } from "./runs.ts";
import { followSteps, forgetSteps, stepIndex } from "./steps.ts";

vi.mock(import("../data/client.ts"), async (actual) => ({ ...(await actual()), fetchSteps: vi.fn() }));

const made = (records: number): Run => ({
  run: "r",
  series: [{ tag: "t", kind: "HEATMAPS", method: "", layer: "", parameters: "", description: "", records }],
  counts: { unknown: 0, damaged: 0, failed: 0, dropped: 0 },
  failures: [],
});

const listed = () => stepIndex.value.get("r")?.get("HEATMAPS:t")?.steps;

/** A server with so many records, which answers when told to. */
function server() {
  const asked: (string | null)[] = [];
  const answers: (() => void)[] = [];
  let records = 0;
  vi.mocked(fetchSteps).mockImplementation((_, after) => {
    asked.push(after);
    return new Promise((resolve) =>
      answers.push(() => {
        const steps = Array.from({ length: records }, (_, i) => i).slice(Number(after ?? 0));
        const series = {
          tag: "t",
          kind: "HEATMAPS",
          steps,
          wall_times: steps,
          counts: steps,
          keys: steps.map((i) => `a-${i + 1}`),
        };
        const page: StepsPage = {
          series: [series],
          parts: ["a-0"],
          next: String(records),
          more: false,
          anew: after === null,
        };
        resolve(page);
      }),
    );
  });
  const log = (n: number) => {
    records = n;
    runs.value = [made(n)];
  };
  const answer = async () => {
    answers.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { asked, log, answer };
}

test("a run that grows is asked once at a time, and only for what is new", async () => {
  followSteps();
  const { asked, log, answer } = server();
  log(2);
  log(3); // while the first answer is on its way
  await answer();
  expect(listed()).toEqual([0, 1, 2]);
  await answer();
  expect(asked).toEqual([null, "3"]);
  log(5);
  await answer();
  expect(asked).toEqual([null, "3", "3"]);
  expect(listed()).toEqual([0, 1, 2, 3, 4]);

  // Forgotten while an answer to what is new is on its way: all is asked for again.
  log(6);
  forgetSteps();
  runs.value = [made(6)];
  await answer();
  runs.value = [made(6)];
  await answer();
  expect(asked).toEqual([null, "3", "3", "5", null]);
  expect(listed()).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a run whose records have other keys is asked again although it has as many", async () => {
  const { asked, answer } = server();
  const stands = { ...made(6), epoch: "1" };
  runs.value = [stands];
  await answer();
  const before = asked.length;
  runs.value = [{ ...stands }];
  await answer();
  expect(asked.length).toBe(before);
  runs.value = [{ ...stands, epoch: "2" }]; // segments were merged
  await answer();
  expect(asked.length).toBe(before + 1);
});

test("a run whose request failed is asked again once the server answers, whether or not it grew", async () => {
  const { asked, log, answer } = server();
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  forgetSteps();
  const fail = () => vi.mocked(fetchSteps).mockRejectedValueOnce(new Unreachable("504"));
  fail();
  log(7);
  await settled();
  expect(asked).toEqual([]);
  reportReachable(); // `runs` has answered, as before
  await answer();
  expect(listed()?.length).toBe(7);

  // It grew while the request that fails was on its way.
  fail();
  log(8);
  log(9);
  await settled();
  reportReachable();
  await answer();
  expect(listed()?.length).toBe(9);
});
