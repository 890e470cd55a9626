/** Adds style sheets to the document: TensorBoard's page has no place for a link to one. */
export function adoptStyles(...sheets: string[]): void {
  const adopted = sheets.map((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  });
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...adopted];
}
