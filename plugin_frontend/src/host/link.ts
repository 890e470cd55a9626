/** The page's state in TensorBoard's address, as `#tb_explain&p.tb_explain.key=value`, TensorBoard's own convention. */
import { hostWindow } from "./window.ts";

const PLUGIN = "tb_explain";
const PREFIX = `p.${PLUGIN}.`;

type LinkValues = ReadonlyMap<string, string>;

export function parseHash(hash: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const token of tokensOf(hash)) {
    const equals = token.indexOf("=");
    if (!token.startsWith(PREFIX) || equals < 0) continue;
    const value = decode(token.slice(equals + 1));
    if (value !== undefined) values.set(token.slice(PREFIX.length, equals), value);
  }
  return values;
}

/** `hash` with this page's values replaced by `values`; what belongs to others stays as it is. */
export function formatHash(hash: string, values: LinkValues): string {
  const others = tokensOf(hash).filter((token) => !token.startsWith(PREFIX));
  if (!others[0] || others[0].includes("=")) others.unshift(PLUGIN); // the first token names the tab
  const own = Array.from(values, ([key, value]) => `${PREFIX}${key}=${encodeURIComponent(value)}`);
  return `#${[...others, ...own].join("&")}`;
}

/** The address when it was last read or written here. */
let seen = "";

export function readLink(): Map<string, string> {
  seen = hostWindow().location.hash;
  return parseHash(seen);
}

/** Whether other hands have changed the address, of which the browser tells only later: what they ask for must not be written over. */
export function changedMeanwhile(): boolean {
  const before = seen;
  seen = hostWindow().location.hash;
  return seen !== before;
}

/** The address of the page in the state that `values` say. */
export function linkTo(values: LinkValues): string {
  const { location } = hostWindow();
  return location.href.replace(/#.*$/s, "") + formatHash(location.hash, values);
}

/** How many entries in a row before this one are the page's own. TensorBoard's part of an entry's state stays as it is. */
const DEPTH = "tb_explain.depth";

/** The deepest entry that can still be reached by Forward without leaving the page's own. */
let deepest = 0;

function depth(): number | undefined {
  return hostWindow().history.state?.[DEPTH];
}

/** In an entry of its own that Back leaves again, or in place of the current one: a slider must not fill the Back button. */
export function writeLink(values: LinkValues, ownEntry: boolean): void {
  const { history, location } = hostWindow();
  const hash = formatHash(location.hash, values);
  if (hash === location.hash) return;
  const here = depth();
  if (ownEntry) {
    if (here === undefined) history.replaceState({ ...history.state, [DEPTH]: 0 }, "");
    deepest = (here ?? 0) + 1;
    history.pushState({ ...history.state, [DEPTH]: deepest }, "", hash);
  } else history.replaceState(history.state, "", hash);
  seen = location.hash;
}

/** Back, unless that would leave the page. */
export function undo(): void {
  if (depth()) hostWindow().history.back();
}

/** Forward, unless that could leave the page. */
export function redo(): void {
  const here = depth();
  if (here !== undefined && here < deepest) hostWindow().history.forward();
}

/** Calls back when the address changes by other hands: a pasted link, Back, Forward. */
export function onLinkChange(callback: () => void): void {
  hostWindow().addEventListener("hashchange", () => {
    if (depth() === undefined) deepest = 0; // an entry of somebody else may have taken the place of those ahead
    callback();
  });
}

function tokensOf(hash: string): string[] {
  return hash.replace(/^#/, "").split("&").filter(Boolean);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
