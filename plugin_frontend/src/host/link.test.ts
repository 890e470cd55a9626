// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { changedMeanwhile, formatHash, parseHash, readLink, writeLink } from "./link.ts";

const LETTERS = ["a", "=", "&", "#", "%", "/", " ", "é", "語", "+", "\n", "."];

/** Reproducible texts of awkward letters. */
function* texts(count: number): Generator<string> {
  let state = 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state;
  };
  for (let i = 0; i < count; i++)
    yield Array.from({ length: next() % 9 }, () => LETTERS[next() % LETTERS.length]).join("");
}

test("every value survives a round trip, and every token has the two parts that TensorBoard's parser wants", () => {
  for (const text of texts(300)) {
    const hash = formatHash(
      "",
      new Map([
        ["tag_filter", text],
        ["x", "1"],
      ]),
    );
    expect(Object.fromEntries(parseHash(hash))).toEqual({ tag_filter: text, x: "1" });
    for (const token of hash.slice(1).split("&").slice(1)) expect(token.split("=")).toHaveLength(2);
  }
});

test("what belongs to others stays, what was ours is replaced", () => {
  const hash = "#scalars&p.other.key=1&p.tb_explain.step=3&regexInput=x";
  expect(formatHash(hash, new Map([["step", "4"]]))).toBe("#scalars&p.other.key=1&regexInput=x&p.tb_explain.step=4");
  expect(formatHash("#p.tb_explain.step=3", new Map())).toBe("#tb_explain");
});

test("nonsense is ignored", () => {
  expect(
    parseHash("#tb_explain&p.tb_explain.step&p.tb_explain.bad=%E0%A4%A&p.tb_explain.good=1&p.else.step=2"),
  ).toEqual(new Map([["good", "1"]]));
});

test("what other hands make of the address is noticed once, what is written here is not", () => {
  location.hash = "#tb_explain&p.tb_explain.step=1";
  readLink();
  expect(changedMeanwhile()).toBe(false);
  for (const ownEntry of [false, true]) {
    writeLink(new Map([["tag_filter", `a "b" <${ownEntry}>`]]), ownEntry);
    expect(changedMeanwhile()).toBe(false);
  }
  location.hash = "#tb_explain&p.tb_explain.step=2";
  expect(changedMeanwhile()).toBe(true);
  expect(changedMeanwhile()).toBe(false);
});
