import { expect, test, vi } from "vitest";
import { fetchClassNames, Unreachable } from "../data/client.ts";
import { className, requestClassNames } from "./class_names.ts";
import { unreachable } from "./reachability.ts";

vi.mock(import("../data/client.ts"), async (actual) => ({ ...(await actual()), fetchClassNames: vi.fn() }));

test("names of classes that did not come are a question of reachability, which asks for them again", async () => {
  vi.mocked(fetchClassNames).mockRejectedValueOnce(new Unreachable("504")).mockResolvedValueOnce(["cat", "dog"]);
  requestClassNames("r", "00");
  await vi.waitFor(() => expect(unreachable.value).toBe("504"));
  expect(className("00", 1)).toBe("class 1");
  requestClassNames("r", "00");
  await vi.waitFor(() => expect(className("00", 1)).toBe("dog"));
});
