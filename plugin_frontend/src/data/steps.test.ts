import { expect, test } from "vitest";
import type { StepsPage } from "./answers.ts";
import { followListing, type Listing, NOTHING_LISTED } from "./steps.ts";

type Row = { step: number; key: string };

/** A server that knows rows in the order in which they arrived, and answers two at a time. */
function serverOf(arrived: Row[], parts: string[], epoch = "e") {
  const asked: (string | null)[] = [];
  const fetchPage = async (after: string | null): Promise<StepsPage> => {
    asked.push(after);
    const anew = !after?.startsWith(`${epoch}-`);
    const from = anew ? 0 : Number(after?.split("-")[1]);
    const rows = sorted(arrived.slice(from, from + 2), parts);
    const to = Math.min(arrived.length, from + 2);
    const steps = {
      tag: "t",
      kind: "HEATMAPS",
      steps: rows.map(({ step }) => step),
      wall_times: rows.map(({ step }) => step + 0.5),
      counts: rows.map(() => 1),
      keys: rows.map(({ key }) => key),
    };
    const more = to < arrived.length;
    return { series: anew || rows.length ? [steps] : [], parts, next: `${epoch}-${to}`, more, anew };
  };
  return { asked, fetchPage };
}

/** As a server that is asked for all at once would order them. */
function sorted(rows: readonly Row[], parts: readonly string[]): Row[] {
  const place = ({ step, key }: Row): [number, number, number] => {
    const [segment, entry] = key.split("-") as [string, string];
    const holds = parts.filter((part) => part.startsWith(`${segment}-`) && Number(part.split("-")[1]) <= Number(entry));
    const last = holds.sort((a, b) => Number(a.split("-")[1]) - Number(b.split("-")[1])).at(-1) as string;
    return [step, parts.indexOf(last), Number(entry)];
  };
  return rows.toSorted((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
}

const rowsOf = ({ series }: Listing): Row[] => {
  const steps = series.get("HEATMAPS:t");
  return steps ? steps.steps.map((step, i) => ({ step, key: steps.keys[i] as string })) : [];
};

test("pages are put together, and only what is new is asked for afterwards", async () => {
  const arrived = [1, 2, 3, 4, 5].map((step) => ({ step, key: `a-${step}` }));
  const first = serverOf(arrived, ["a-0"]);
  const listing = await followListing(NOTHING_LISTED, first.fetchPage);
  expect(first.asked).toEqual([null, "e-2", "e-4"]);
  expect(rowsOf(listing)).toEqual(arrived);
  expect(listing.series.get("HEATMAPS:t")?.wall_times).toEqual([1.5, 2.5, 3.5, 4.5, 5.5]);
  const later = serverOf([...arrived, { step: 6, key: "a-6" }], ["a-0"]);
  const grown = await followListing(listing, later.fetchPage);
  expect(later.asked).toEqual(["e-5"]);
  expect(rowsOf(grown).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(rowsOf(listing)).toEqual(arrived); // replaced, never changed
});

test("a series without news stays the same object, so that nothing is derived from it again", async () => {
  const server = serverOf([{ step: 1, key: "a-1" }], ["a-0"]);
  const listing = await followListing(NOTHING_LISTED, server.fetchPage);
  const again = await followListing(listing, server.fetchPage);
  expect(again.series.get("HEATMAPS:t")).toBe(listing.series.get("HEATMAPS:t"));
});

test("what was known does not count after a purge", async () => {
  const before = serverOf(
    [1, 2, 3].map((step) => ({ step, key: `a-${step}` })),
    ["a-0"],
  );
  const after = serverOf([{ step: 1, key: "a-1" }], ["a-0", "b-0"], "f");
  const listing = await followListing(await followListing(NOTHING_LISTED, before.fetchPage), after.fetchPage);
  expect(rowsOf(listing)).toEqual([{ step: 1, key: "a-1" }]);
});

test("a purge between two pages", async () => {
  const before = serverOf(
    [1, 2, 3].map((step) => ({ step, key: `a-${step}` })),
    ["a-0"],
  );
  const after = serverOf(
    [1, 7].map((step) => ({ step, key: `a-${step}` })),
    ["a-0"],
    "f",
  );
  let asked = 0;
  const listing = await followListing(NOTHING_LISTED, (cursor) => (asked++ ? after : before).fetchPage(cursor));
  expect(rowsOf(listing).map(({ step }) => step)).toEqual([1, 7]);
});

test("records of any step from any writer fall into the place where a server would list them", async () => {
  let seed = 1;
  const random = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let round = 0; round < 200; round++) {
    // Two segments of which one was merged of two, whose parts were made before and after the other.
    const parts = random(2) ? ["a-0", "b-0", "a-5"] : ["a-5", "b-0", "a-0"];
    const arrived = Array.from({ length: random(12) }, () => ({
      step: random(3),
      key: `${"ab"[random(2)]}-${1 + random(9)}`,
    })).filter(({ key }, i, all) => all.findIndex((other) => other.key === key) === i && !parts.includes(key));
    let listing = NOTHING_LISTED;
    for (let known = 0; known <= arrived.length; known += 1 + random(4)) {
      listing = await followListing(listing, serverOf(arrived.slice(0, known), parts).fetchPage);
      expect(rowsOf(listing)).toEqual(sorted(arrived.slice(0, known), parts));
    }
  }
});
