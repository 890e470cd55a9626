import { expect, test } from "vitest";
import { withError } from "./format.ts";

test.each([
  [0.2346, 0.0123, "0.235 ± 0.012"],
  [-0.2344, Math.fround(0.01), "−0.234 ± 0.010"], // as float32 it is a little less
  [12.34, 1.5, "12.3 ± 1.5"],
  [1234, 99.6, "1234 ± 100"],
  [0.5, 0, "0.5"],
  [0.5, undefined, "0.5"],
  [0.5, 1e-9, "0.5 ± 1.0e−9"],
])("%d with the error %d is written %s", (value, error, written) => {
  expect(withError(value, error)).toBe(written);
});
