/**
 * The answers that an exported report brings along: inert script elements in its head, each found by its id and decoded when it is
 * first asked for. What they hold is written by tb_explain/sharing/document.py.
 */

import { SummarySchema } from "../records/messages.ts";
import { fromBinary } from "../records/read.ts";
import type { Answers } from "./client.ts";
import { ASK_AGAIN, UNREADABLE } from "./wire.ts";

/** In which element a payload lies, by route (of payloads `records`), then by key or hash. */
type Places = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Once an answer has more bytes, the rest is to be asked for again, as TensorBoard's is. */
const MOST_BYTES = 2 ** 26;

const DEFLATED = "application/zlib";

export function answersIn(document: Document): Answers {
  const element = (id: string) => document.getElementById(id) as HTMLScriptElement | null;
  const text = (id: string) => element(id)?.text ?? null;
  const names: string[] = JSON.parse(text("runs") ?? '{"runs":[]}').runs.map(({ run }: { run: string }) => run);
  const places = new Map<number, Places>();
  const images = new Map<HTMLScriptElement, string>();

  function find(run: string, route: string, name: string): HTMLScriptElement | null {
    const number = names.indexOf(run);
    const known = places.get(number) ?? (JSON.parse(text(`places-${number}`) ?? "{}") as Places);
    places.set(number, known);
    const found = known[route];
    return found && Object.hasOwn(found, name) ? element(`payload-${found[name]}`) : null;
  }

  async function records(run: string, keys: readonly string[], sample: string | null): Promise<Response> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for (const key of keys) {
      const there = total <= MOST_BYTES ? find(run, "records", key) : null;
      const payload = there && only(sample, await contentOf(there));
      parts.push(lengthOf(payload ? payload.length : total <= MOST_BYTES ? UNREADABLE : ASK_AGAIN));
      if (payload) parts.push(payload);
      total += 4 + (payload?.length ?? 0);
    }
    return new Response(new Blob(parts));
  }

  return {
    async ask(route, query) {
      const run = query.get("run") ?? "";
      if (route === "records" || route === "summaries") return records(run, query.getAll("key"), query.get("sample"));
      const found = find(run, route, query.get("hash") ?? "");
      if (found) return new Response(await contentOf(found));
      const json = text(
        route === "runs"
          ? "runs"
          : route === "steps"
            ? `steps-${names.indexOf(run)}-${query.get("after") ?? 0}`
            : route === "../../runs"
              ? "order"
              : "",
      );
      return json === null ? new Response("This is not in the report.", { status: 404 }) : new Response(json);
    },

    imageAddress(run, hash) {
      const found = find(run, "image", hash);
      if (!found) return "data:,";
      const known = images.get(found);
      if (known) return known;
      const address = URL.createObjectURL(new Blob([bytesIn(found)], { type: found.type }));
      images.set(found, address);
      return address;
    },
  };
}

async function contentOf(element: HTMLScriptElement): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = bytesIn(element);
  if (element.type !== DEFLATED) return bytes;
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/** In an element all is base64. */
function bytesIn(element: HTMLScriptElement): Uint8Array<ArrayBuffer> {
  const characters = atob(element.text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** A summary is read out of the whole payload. One that has no sample at the place that names it (such as #3) tells of none. */
function only(sample: string | null, payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!sample?.startsWith("#")) return payload;
  return Number(sample.slice(1)) < fromBinary(SummarySchema, payload).samples.length ? payload : new Uint8Array();
}

function lengthOf(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}
