/** The window of TensorBoard around the page, or the page's own when there is none or it belongs to another origin. */
export function hostWindow(): Window {
  try {
    void window.parent.document.body; // throws when the parent is of another origin
    return window.parent;
  } catch {
    return window;
  }
}
