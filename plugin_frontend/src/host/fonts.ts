/** TensorBoard's own typeface, which its style sheets bring along, for the page inside it. */
import { hostWindow } from "./window.ts";

const USED = ["400 13px Roboto", "500 13px Roboto"];
const PATIENCE = 300; // milliseconds; text that changes its face moves what is around it

/** Settles when text can be drawn in it, or after a moment. Elsewhere, as in a report, there is only what the reader's machine has. */
export async function adoptFonts(): Promise<void> {
  const { document: host } = hostWindow();
  if (host === document) return;
  const sheet = new CSSStyleSheet({ baseURL: host.baseURI });
  for (const face of fontFaces(host)) sheet.insertRule(face.cssText);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const loaded = Promise.allSettled(USED.map((font) => document.fonts.load(font)));
  await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

function fontFaces(host: Document): CSSRule[] {
  return [...host.styleSheets]
    .filter(({ href }) => !href || new URL(href).origin === location.origin) // those of others cannot be read
    .flatMap(({ cssRules }) => [...cssRules])
    .filter(({ cssText }) => /^@font-face.*Roboto/s.test(cssText));
}
