"""How long a cold page takes until its first view can be used: ours, and TensorBoard's own image dashboard on a logdir of equal content."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Playwright

from tests.benchmarks.cold_page import FirstPicture, beside, first_picture, report
from tests.benchmarks.page_runs import write_explanations, write_images
from tests.benchmarks.table import Row
from tests.browser.conftest import launch

PICTURES, STEPS = 24, 10  # TensorBoard keeps no more than ten of a tag

# A view can be used when every picture in sight is drawn, nothing more is on its way, and a task that waits behind all that is done.
WATCH = """
window.painted = new WeakSet();
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
  put.apply(this, given);
  painted.add(this.canvas);
};
if (window !== window.top) window.top.pluginFrame ??= performance.timeOrigin;
else {
  const create = document.createElement;
  document.createElement = function (name, ...rest) {
    if (name === "tf-image-dashboard") window.pluginFrame ??= Date.now();
    return create.call(this, name, ...rest);
  };
}
const inSight = element => { // above the step slider at the bottom
  const box = element.getBoundingClientRect();
  return box.width > 40 && box.bottom > 0 && box.top < innerHeight - 60 && box.right > 0 && box.left < innerWidth;
};
function* below(root) { // shadow trees, too
  for (const element of root.querySelectorAll("*")) {
    yield element;
    if (element.shadowRoot) yield* below(element.shadowRoot);
  }
}
function usable(root, own) {
  if (own && root.querySelector('[aria-busy="true"], .progress[data-busy], .waiting')) return false;
  let pictures = 0;
  for (const element of below(root)) {
    const tag = element.localName;
    if (tag === "tf-image-loader" && inSight(element) && !element.shadowRoot.querySelector("img")) return false;
    if ((tag !== "img" && !(own && tag === "canvas")) || !inSight(element)) continue;
    if (tag === "img" ? !(element.complete && element.naturalWidth) : !painted.has(element)) return false;
    pictures++;
  }
  return pictures >= 2;
}
if (window !== window.top || location.hash.startsWith("#images")) {
  const own = window !== window.top;
  const timer = setInterval(() => {
    if (!document.body || !usable(document.body, own)) return;
    clearInterval(timer);
    requestAnimationFrame(() => setTimeout(() => (window.top.firstPicture ??= Date.now())));
  }, 20);
}
"""


def compare(playwright: Playwright, repetitions: int = 5) -> Iterator[Row]:
    print(
        f"\nthe first view, {PICTURES} photographs with maps at {STEPS} steps, of a server that was just started and a browser that was"
    )
    print("just started: seconds, and CPU seconds of both")
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = Path(directory) / "ours", Path(directory) / "theirs"
        write_explanations(ours / "run", PICTURES, STEPS)
        write_images(theirs / "run", PICTURES, STEPS)
        print(f"{'':<12} {'known':>14} {'shell':>14} {'plugin':>14} {'all':>14} {'without shell':>15}")
        found: dict[str, list[FirstPicture]] = {"first view": [], "Explanations": [], "images": []}
        for _ in range(repetitions):
            for name, logdir, plugin, state in (
                ("first view", ours, "tb_explain", ""),
                ("Explanations", ours, "tb_explain", "&p.tb_explain.view=explanations"),
                ("images", theirs, "images", ""),
            ):
                browser = launch(playwright)
                found[name].append(first_picture(browser, logdir, plugin, state, WATCH))
                browser.close()
                report(name, found[name][-1])
    for view in ("first view", "Explanations"):
        yield from beside(f"cold page: {view}", found[view], found["images"], "TensorBoard's images")
