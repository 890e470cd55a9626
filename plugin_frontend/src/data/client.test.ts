// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { answerFrom, fetchColumn, fetchRuns, fetchSteps, Refused, Unreachable } from "./client.ts";
import { fetchImage } from "./images.ts";

/** A body of which nothing more comes after its first bytes. */
function cut(): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"runs": ['));
      controller.error(new TypeError("network error"));
    },
  });
  return new Response(body);
}

function answering(answer: () => Response) {
  const ask = vi.fn(async (_route: string) => answer());
  answerFrom({ ask, imageAddress: (run, hash) => `image:${run}/${hash}` });
  return ask;
}

test("an answer that breaks off is one to ask for again, whatever was asked", async () => {
  answering(cut);
  for (const asked of [fetchRuns(), fetchSteps("r", null), fetchColumn("r", "00")])
    await expect(asked).rejects.toBeInstanceOf(Unreachable);
  answering(() => new Response("gone", { status: 404 }));
  await expect(fetchRuns()).rejects.toThrow(new Refused("gone"));
});

test("an image that cannot be decoded is missing only if the server says so", async () => {
  const decode = vi.spyOn(Image.prototype, "decode").mockRejectedValue(new Error("EncodingError"));
  answering(() => new Response("", { status: 503 }));
  await expect(fetchImage("r", "00")).rejects.toBeInstanceOf(Unreachable);
  answering(() => new Response("gone", { status: 404 }));
  await expect(fetchImage("r", "00")).rejects.toBeInstanceOf(Refused);
  answering(() => new Response("no image"));
  await expect(fetchImage("r", "00")).rejects.toThrow("EncodingError");
  decode.mockRejectedValueOnce(new Error("EncodingError")).mockResolvedValueOnce(undefined);
  expect((await fetchImage("r", "00")).src).toContain("image:r/00");
});
