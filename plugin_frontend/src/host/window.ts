/** The windows that the page lives in. */

/** Whether the document is an exported report, which nobody serves and which has nobody around it. */
export const inReport = document.documentElement.hasAttribute("data-report");

/** The window of TensorBoard around the page, or the page's own when there is none or it belongs to another origin. */
export function hostWindow(): Window {
  if (inReport) return window;
  try {
    void window.parent.document.body; // throws when the parent is of another origin
    return window.parent;
  } catch {
    return window;
  }
}
