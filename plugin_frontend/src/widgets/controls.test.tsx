// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { isTypedInto, listenToKeys } from "../shell/keyboard.ts";
import { playing } from "../state/timeline.ts";
import { StoredImage } from "../views/explanations/StoredPicture.tsx";
import { Dialog } from "./Dialog.tsx";
import { RangeSlider } from "./RangeSlider.tsx";

afterEach(cleanup);
beforeAll(listenToKeys);

test("a click beside a dialog closes it, a text that is marked to beyond its edge does not", async () => {
  const onClose = vi.fn();
  render(
    <Dialog title="Problems" testId="problems" onClose={onClose}>
      <p>Traceback</p>
    </Dialog>,
  );
  const dialog = screen.getByTestId("problems");
  await fireEvent.pointerDown(screen.getByText("Traceback"));
  await fireEvent.click(dialog);
  expect(onClose).not.toHaveBeenCalled();
  await fireEvent.pointerDown(dialog);
  await fireEvent.click(dialog);
  expect(onClose).toHaveBeenCalledOnce();
});

test("of two thumbs at the end the one that can move is on top", () => {
  const both = { label: "Purity", testId: "purity", format: String };
  const { rerender } = render(<RangeSlider {...both} low={signal(1)} high={signal(1)} />);
  const from = () => screen.getByLabelText("Purity from") as HTMLInputElement;
  expect(from().style.zIndex).toBe("1");
  rerender(<RangeSlider {...both} low={signal(0)} high={signal(0)} />);
  expect(from().style.zIndex).toBe("0");
});

test("an image that cannot be read says so, and the next one in its place is shown", async () => {
  const { rerender, container } = render(<StoredImage run="run" hash="aa" label="first" side={64} />);
  await fireEvent.error(screen.getByAltText("first"));
  expect(container.textContent).toBe("the image cannot be read");
  rerender(<StoredImage run="run" hash="bb" label="second" side={64} />);
  expect(container.textContent).toBe("");
  expect(screen.getByAltText("second")).toBeTruthy();
});

test("Space opens what is folded instead of playing, and Esc is the affair of a field that is typed into", async () => {
  render(
    <details>
      <summary>Details</summary>
    </details>,
  );
  expect(await fireEvent.keyDown(screen.getByText("Details"), { key: " " })).toBe(true); // nobody has prevented it
  expect(playing.value).toBe(false);
  const input = (type: string) => Object.assign(document.createElement("input"), { type });
  expect(["search", "text", "number"].map((type) => isTypedInto(input(type)))).toEqual([true, true, true]);
  expect(["checkbox", "range", "radio"].map((type) => isTypedInto(input(type)))).toEqual([false, false, false]);
});
