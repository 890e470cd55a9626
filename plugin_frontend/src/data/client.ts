/** Asks for what the plugin's routes answer: TensorBoard, or the document itself where that brings the answers along. */

import { ClassNamesSchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import type { RunsAnswer, StepsPage } from "./answers.ts";
import { LISTED_KINDS } from "./kinds.ts";
import { splitPayloads } from "./wire.ts";

/** Who answers. */
export type Answers = {
  /** What is asked of a route as docs/http.md has it. */
  ask(route: string, query: URLSearchParams): Promise<Response>;
  /** What an image element takes. */
  imageAddress(run: string, hash: string): string;
};

/** Addresses are relative: the page never needs to know where TensorBoard is mounted. */
let answers: Answers = {
  ask: (route, query) => fetch(query.size ? `${route}?${query}` : route),
  imageAddress: (run, hash) => `image?${new URLSearchParams({ run, hash })}`,
};

/** To be said before anything is asked. */
export function answerFrom(others: Answers): void {
  answers = others;
}

/** Nobody answers, or nobody who can: worth trying again. */
export class Unreachable extends Error {}

/** The plugin has understood and declines, for instance because the run is gone. */
export class Refused extends Error {}

/** What comes from the server, or an answer that broke off. */
function arrived<Value>(coming: Promise<Value>): Promise<Value> {
  return coming.catch(() => {
    throw new Unreachable("TensorBoard does not answer.");
  });
}

/** Code comes from the same server: when it cannot be had, records cannot either. */
export function loadCode<Code>(load: () => Promise<Code>): Promise<Code> {
  return arrived(load());
}

/** No answer has more bytes: a record may be larger on disk, but a page could not hold it. */
const MOST_BYTES = 2 ** 28 + 2 ** 26;

/** The most keys the `records` route takes at once. */
const MOST_KEYS = 256;

async function ask(route: string, query: [string, string][] = []): Promise<Response> {
  const response = await arrived(answers.ask(route, new URLSearchParams(query)));
  if (response.ok) return response;
  if (response.status >= 500) throw new Unreachable(`TensorBoard answers with status ${response.status}.`);
  throw new Refused(await response.text());
}

async function askJson<Answer>(route: string, query?: [string, string][]): Promise<Answer> {
  return arrived((await ask(route, query)).json());
}

export function fetchRuns(): Promise<RunsAnswer> {
  return askJson("runs");
}

/** TensorBoard's own list of runs, in the order in which it gives them colours. */
export async function fetchRunOrder(): Promise<string[]> {
  const names = await askJson("../../runs");
  return Array.isArray(names) ? names : []; // without TensorBoard around the page it is our own route that answers
}

/** The records that came since `after`, which is `next` of an earlier page. */
export function fetchSteps(run: string, after: string | null): Promise<StepsPage> {
  const query: [string, string][] = [["run", run], ...LISTED_KINDS.map((kind): [string, string] => ["kind", kind])];
  return askJson("steps", after === null ? query : [...query, ["after", after]]);
}

/** The payloads of these records, in this order; `null` for those that cannot be read. */
export function fetchRecords(run: string, keys: readonly string[]): Promise<(Uint8Array | null)[]> {
  return fetchPayloads("records", [["run", run]], keys);
}

/** The summaries of these records, of one sample or of all; `null` for those that cannot be read. */
export function fetchSummaries(
  run: string,
  keys: readonly string[],
  sample: string | null,
): Promise<(Uint8Array | null)[]> {
  const one: [string, string][] = sample === null ? [] : [["sample", sample]];
  return fetchPayloads("summaries", [["run", run], ...one], keys);
}

async function fetchPayloads(
  route: string,
  common: [string, string][],
  keys: readonly string[],
): Promise<(Uint8Array | null)[]> {
  const payloads: (Uint8Array | null)[] = [];
  while (payloads.length < keys.length) {
    const next = keys.slice(payloads.length, payloads.length + MOST_KEYS);
    const query = [...common, ...next.map((key): [string, string] => ["key", key])];
    const answered = splitPayloads(await bytesOf(await ask(route, query)));
    const complete = answered.indexOf(undefined);
    const usable = complete < 0 ? answered : answered.slice(0, complete);
    if (usable.length === 0) throw new Unreachable("TensorBoard answers without records.");
    payloads.push(...(usable as (Uint8Array | null)[]));
  }
  return payloads;
}

export async function fetchClassNames(run: string, hash: string): Promise<string[]> {
  return fromBinary(ClassNamesSchema, await fetchBlob("classes", run, hash)).names;
}

/** The values of a column, as they are stored. */
export function fetchColumn(run: string, hash: string): Promise<ArrayBuffer> {
  return fetchBytes("column", run, hash);
}

/** The bytes of what these routes answer, by content hash. */
export async function fetchBlob(
  route: "classes" | "image" | "labels" | "volume",
  run: string,
  hash: string,
): Promise<Uint8Array> {
  return new Uint8Array(await fetchBytes(route, run, hash));
}

async function fetchBytes(route: string, run: string, hash: string): Promise<ArrayBuffer> {
  const response = await ask(route, [
    ["run", run],
    ["hash", hash],
  ]);
  return bytesOf(response);
}

async function bytesOf(response: Response): Promise<ArrayBuffer> {
  if (Number(response.headers.get("Content-Length")) <= MOST_BYTES) return arrived(response.arrayBuffer());
  void response.body?.cancel();
  throw new Refused("There is a record that is larger than a page can hold.");
}

export function imageAddress(run: string, hash: string): string {
  return answers.imageAddress(run, hash);
}
