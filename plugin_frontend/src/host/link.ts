/** The page's state in TensorBoard's address, as `#tb_explain&p.tb_explain.key=value`, TensorBoard's own convention. */
import { hostWindow } from "./window.ts";

const PLUGIN = "tb_explain";
const PREFIX = `p.${PLUGIN}.`;

export type LinkValues = ReadonlyMap<string, string>;

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

export function readLink(): Map<string, string> {
  return parseHash(hostWindow().location.hash);
}

/** Replaces the current history entry: a slider must not fill the Back button. */
export function writeLink(values: LinkValues): void {
  const { history, location } = hostWindow();
  const hash = formatHash(location.hash, values);
  if (hash !== location.hash) history.replaceState(history.state, "", hash);
}

/** Calls back when the address changes by other hands: a pasted link, Back, Forward. */
export function onLinkChange(callback: () => void): void {
  hostWindow().addEventListener("hashchange", callback);
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
