// @vitest-environment node
import { expect, test } from "vitest";
import { syntheticRuns } from "../../dev/server.ts";
import { answerFrom, fetchRecords, fetchRunOrder, fetchRuns, fetchSteps } from "./client.ts";
import { followListing, NOTHING_LISTED } from "./steps.ts";

type Handler = (request: object, response: object, next: () => void) => void;

/** What `npm run dev` answers, at the addresses that the page comes to ask there. */
async function answered(route: string, query: URLSearchParams): Promise<Response> {
  let handler: Handler = () => {};
  const { configureServer } = syntheticRuns() as { configureServer?: (server: object) => void };
  configureServer?.({
    middlewares: {
      use(given: Handler) {
        handler = given;
      },
    },
  });
  const { pathname, search } = new URL(`${route}?${query}`, "http://localhost/");
  return new Promise((resolve) => {
    handler(
      { url: pathname + search },
      { setHeader() {}, end: (body: string | Uint8Array<ArrayBuffer>) => resolve(new Response(body)) },
      () => resolve(new Response(null, { status: 404 })),
    );
  });
}

test("the page can be worked on without TensorBoard: the invented runs have all that it asks for", async () => {
  answerFrom({ ask: answered, imageAddress: () => "" });
  expect(await fetchRunOrder()).toEqual([]);
  const { runs } = await fetchRuns();
  for (const { run, series } of runs) {
    const listing = await followListing(NOTHING_LISTED, (after) => fetchSteps(run, after));
    expect(Array.from(listing.series.values(), ({ steps }) => steps.length)).toEqual(
      series.map(({ records }) => records),
    );
    const keys = Array.from(listing.series.values(), ({ keys }) => keys[0] as string);
    expect(await fetchRecords(run, keys)).not.toContain(null);
  }
});
