// @vitest-environment happy-dom
import { create, toBinary } from "@bufbuild/protobuf";
import { beforeEach, expect, test } from "vitest";
import { HeatmapsSchema } from "../records/explain_pb.ts";
import { answerFrom, fetchBlob, fetchRecords, fetchRuns, fetchSteps, fetchSummaries, imageAddress } from "./client.ts";
import { answersIn } from "./report.ts";
import { decodeSummary } from "./summaries.ts";

const RUNS = ["__proto__", "a</script>b"];
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

const record = toBinary(
  HeatmapsSchema,
  create(HeatmapsSchema, {
    samples: [{ image: new Uint8Array(16).fill(0xab) }, {}, { image: new Uint8Array(16).fill(0xcd) }],
    targets: [4, 5, 6],
    maps: { shape: [3, 1, 1, 1], data: Uint8Array.of(1, 2, 3) },
  }),
);

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function add(id: string, type: string, text: string): void {
  const element = document.createElement("script");
  Object.assign(element, { id, type, text });
  document.head.append(element);
}

beforeEach(async () => {
  document.head.replaceChildren();
  const json = (id: string, value: unknown) => add(id, "application/json", JSON.stringify(value));
  json("runs", { runs: RUNS.map((run) => ({ run })), notices: [] });
  json("order", RUNS);
  json("places-0", { records: { "s-1": 1, "s-2": 2 }, image: { ee: 3 }, labels: { ff: 4 } });
  json("places-1", { records: { "t-1": 1 } });
  json("steps-0-0", { parts: ["first"] });
  json("steps-0-1", { parts: ["second"] });
  add("payload-1", "application/octet-stream", base64(record));
  add("payload-2", "application/zlib", base64(await deflated(Uint8Array.from({ length: 1000 }, (_, i) => i % 7))));
  add("payload-3", "image/png", base64(Uint8Array.of(137, 80)));
  add("payload-4", "application/octet-stream", "");
  answerFrom(answersIn(document));
});

test("payloads come as they are, in the order asked, and none for those that the report lacks", async () => {
  const [second, none, first, inherited] = await fetchRecords("__proto__", ["s-2", "s-3", "s-1", "constructor"]);
  expect(second).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i % 7));
  expect(first).toEqual(record);
  expect([none, inherited]).toEqual([null, null]);
  expect(await fetchRecords("a</script>b", ["t-1", "s-1"])).toEqual([record, null]);
  expect(await fetchRecords("no such run", ["s-1"])).toEqual([null]);
  expect(await fetchBlob("labels", "__proto__", "ff")).toEqual(new Uint8Array());
});

test("what is not in the report is refused, as TensorBoard does", async () => {
  await expect(fetchBlob("labels", "__proto__", "00")).rejects.toThrow("This is not in the report.");
  await expect(fetchSteps("a</script>b", null)).rejects.toThrow("This is not in the report.");
});

test("runs and the pages of a listing", async () => {
  expect((await fetchRuns()).runs.map(({ run }) => run)).toEqual(RUNS);
  expect((await fetchSteps("__proto__", null)).parts).toEqual(["first"]);
  expect((await fetchSteps("__proto__", "1")).parts).toEqual(["second"]);
});

test("summaries tell of the sample that was asked for, by its image or its place", async () => {
  const targets = async (sample: string | null) => {
    const [payload] = await fetchSummaries("__proto__", ["s-1"], sample);
    return payload && decodeSummary(payload, sample).samples.map(({ targets }) => targets[0]?.classIndex);
  };
  expect(await targets(null)).toEqual([4, 5, 6]);
  expect(await targets("cd".repeat(16))).toEqual([6]);
  expect(await targets("#1")).toEqual([5]);
  expect(await targets("#3")).toEqual([]);
  expect(await targets("00".repeat(16))).toEqual([]);
});

test("an image has one address, and a missing one none that would be asked for", () => {
  const address = imageAddress("__proto__", "ee");
  expect(address).toMatch(/^blob:/);
  expect(imageAddress("__proto__", "ee")).toBe(address);
  expect(imageAddress("a</script>b", "ee")).toBe("data:,");
});
