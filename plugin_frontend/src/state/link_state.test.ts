// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, expect, test } from "vitest";
import { adjusted, bind, kept, text, typed } from "./bindings.ts";
import { deservesEntry, typingOf } from "./link_state.ts";
import { keepOffLink, keepSettings, keptSettings, resetSettings } from "./settings.ts";

afterEach(() => localStorage.clear());

const choice = bind("view", signal("a"), "a", text);
const slider = adjusted(bind("opacity", signal("1"), "1", text));
const filter = typed(bind("filter", signal(""), "", text));

test("a choice has an entry, a slider none, a text one while it is typed", () => {
  expect(deservesEntry([], null)).toBe(false);
  expect(deservesEntry([slider], null)).toBe(false);
  expect(deservesEntry([slider, choice], null)).toBe(true);
  expect(deservesEntry([filter], null)).toBe(true);
  expect(typingOf([filter, slider])).toBe("filter");
  expect(deservesEntry([filter, slider], "filter")).toBe(false);
  expect(deservesEntry([filter, choice], "filter")).toBe(true);
  expect(typingOf([filter, choice])).toBe(null); // the entry is about more than the text
  expect(typingOf([slider])).toBe(null);
});

test("what is kept comes back, the default is not stored, and nonsense is nothing", () => {
  keepSettings([
    ["opacity", "0.3"],
    ["mode", "mask"],
  ]);
  keepSettings([["mode", null]]);
  expect(keptSettings()).toEqual(new Map([["opacity", "0.3"]]));
  keepSettings([["opacity", null]]);
  expect(localStorage.length).toBe(0);
  for (const stored of ["", "null", "[1]", "{", '{"opacity": 3}']) {
    localStorage.setItem("tb_explain.settings", stored);
    expect(keptSettings()).toEqual(new Map());
  }
});

test("settings off the link are restored, followed and reset", () => {
  const speed = signal("2");
  const bindings = [kept(bind("speed", speed, "2", text))];
  keepSettings([["speed", "8"]]);
  const stop = keepOffLink(bindings);
  expect(speed.value).toBe("8");
  speed.value = "4";
  expect(keptSettings().get("speed")).toBe("4");
  resetSettings([]);
  expect(speed.value).toBe("2");
  expect(localStorage.length).toBe(0);
  stop();
});

test("without storage nothing is kept and nothing breaks", () => {
  const storage = Object.getOwnPropertyDescriptor(globalThis, "localStorage") as PropertyDescriptor;
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new DOMException("denied", "SecurityError");
    },
  });
  try {
    keepSettings([["opacity", "0.3"]]);
    expect(keptSettings()).toEqual(new Map());
    resetSettings([]);
  } finally {
    Object.defineProperty(globalThis, "localStorage", storage);
  }
});
