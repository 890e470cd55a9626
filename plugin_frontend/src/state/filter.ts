/** Regular expressions as TensorBoard's filters use them: case does not matter, an empty one matches everything. */

/** `null`: not a regular expression. */
export function compileFilter(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

/** What matches; everything while the expression is invalid, so that half-typed ones do not empty the page. */
export function matching<Item>(items: readonly Item[], filter: RegExp | null, text: (item: Item) => string): Item[] {
  return items.filter((item) => !filter || filter.test(text(item)));
}
