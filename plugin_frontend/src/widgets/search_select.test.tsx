// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, test, vi } from "vitest";
import { SearchSelect } from "./SearchSelect.tsx";

afterEach(cleanup);

function shown(options: [number, string][], value = 0) {
  const onChange = vi.fn();
  render(
    <SearchSelect label="Class" id="c" testId="c" otherwise="?" value={value} options={options} onChange={onChange} />,
  );
  const field = screen.getByTestId<HTMLInputElement>("c");
  const taken = async (text: string) => {
    onChange.mockClear();
    await fireEvent.input(field, { target: { value: text } });
    return onChange.mock.lastCall?.[0];
  };
  return { field, taken };
}

test("names that differ in case are told apart, and otherwise case does not matter", async () => {
  const { taken } = shown([
    [10, "A"],
    [36, "a"],
    [3, "Fox"],
  ]);
  expect([await taken("A"), await taken("a"), await taken(" fox "), await taken("ox")]).toEqual([10, 36, 3, undefined]);
});

test("of two things of one name each can be chosen", async () => {
  const options: [number, string][] = [
    [134, "crane"],
    [200, "fox"],
    [517, "crane"],
  ];
  const { field, taken } = shown(options, 517);
  expect(field.value).toBe("crane (517)");
  expect(Array.from(document.querySelectorAll("option"), ({ value }) => value)).toEqual([
    "crane",
    "fox",
    "crane (517)",
  ]);
  expect([await taken("crane (517)"), await taken("crane")]).toEqual([517, 134]);
});
