/** Adds style sheets to the document: TensorBoard's page has no place for a link to one. */

/** Views share some: each sheet is added once. */
const known = new Set<string>();

export function adoptStyles(...sheets: string[]): void {
  const adopted = sheets
    .filter((css) => !known.has(css))
    .map((css) => {
      known.add(css);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      return sheet;
    });
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...adopted];
}
