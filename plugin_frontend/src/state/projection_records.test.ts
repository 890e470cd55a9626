import { expect, test, vi } from "vitest";
import type { SeriesSteps } from "../data/answers.ts";
import type { Projection } from "../data/projections.ts";
import { forgetAll } from "./forget.ts";
import { frameOf } from "./projection_records.ts";

vi.mock(import("../data/client.ts"), async (actual) => ({ ...(await actual()), fetchRecords: async () => [] }));

test("the frame of a run that was written anew, or is read anew, is that of its own points", async () => {
  const radiusOf = async (key: string, scale: number) => {
    const shown = { positions: { scale, offset: 0 } } as Projection;
    return (await frameOf("r", "t", { keys: [key] } as SeriesSteps, shown)).radius;
  };
  const large = await radiusOf("a-0", 1);
  expect(await radiusOf("a-0", 0.01)).toBe(large); // the frame of all steps
  expect(await radiusOf("b-0", 0.01)).toBeCloseTo(large / 100);
  forgetAll();
  expect(await radiusOf("a-0", 0.01)).toBeCloseTo(large / 100);
});
