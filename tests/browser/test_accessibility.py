"""What people need who see little, or use the keyboard alone: WCAG 2.1 A and AA by axe, in every view, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ExplainTab, OpenTab
from tests.conftest import TensorBoard

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "plugin_frontend"
AXE = PAGE / "node_modules/axe-core/axe.min.js"
VIEWS = re.findall(r'"(\w+)"', re.search(r"VIEW_IDS = \[(.*?)\]", (PAGE / "src/state/view.ts").read_text(), re.S)[1])  # type: ignore[index]

BUSY = """() => [...document.querySelectorAll('[aria-busy="true"]')].some(part => {
  const { top, bottom } = part.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
})"""

AUDIT = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
}"""

# Of text whose contrast axe leaves open (it lies over other things, is short, or is drawn), what is below WCAG's AA: the colours of all that
# lies beneath its middle, one over the other until nothing shines through. A picture beneath may be black or white.
UNREADABLE = """async () => {
  const { incomplete } = await axe.run(document, { runOnly: ["color-contrast"], resultTypes: ["incomplete"] });
  const everything = new CSSStyleSheet();
  everything.replaceSync("* { pointer-events: auto !important; }");
  document.adoptedStyleSheets.push(everything);
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = css;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B, A]) => {
    const alpha = a + A * (1 - a);
    const mix = (upper, lower) => (alpha ? (upper * a + lower * A * (1 - a)) / alpha : 0);
    return [mix(r, R), mix(g, G), mix(b, B), alpha];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((value) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (element) => {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= Number(getComputedStyle(at).opacity);
    return product;
  };
  const drawn = (element) => element instanceof SVGElement && !(element instanceof SVGSVGElement);
  const found = [];
  for (const { target } of incomplete.flatMap(({ nodes }) => nodes)) {
    const element = document.querySelector(target[0]);
    const text = element && [...element.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!text || element.closest("[disabled], [aria-disabled=true], option")) continue;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const range = document.createRange();
    range.selectNodeContents(text);
    const { left, top, width, height } = range.getBoundingClientRect();
    const beneath = document.elementsFromPoint(left + width / 2, top + height / 2);
    if (width < 2 || !beneath.includes(element)) continue;  // for screen readers, or cut off
    let ground = [0, 0, 0, 0];
    let grounds;
    for (const part of beneath.slice(beneath.indexOf(element))) {
      if (part !== element && part.matches("canvas, img, video")) grounds = [0, 255].map((grey) => over(ground, [grey, grey, grey, 1]));
      if (grounds || ground[3] > 0.99) break;
      const style = getComputedStyle(part);
      const stops = style.backgroundImage.match(/rgba?\\([^)]*\\)/g);
      if (stops) grounds = stops.map((stop) => over(ground, rgba(stop)));
      if (grounds) break;
      const paint = drawn(part) ? (part === element || part.matches("g, text") ? "transparent" : style.fill) : style.backgroundColor;
      const [r, g, b, a] = rgba(paint === "none" ? "transparent" : paint);
      ground = over(ground, [r, g, b, a * opacity(part)]);
    }
    const style = getComputedStyle(element);
    const [r, g, b, a] = rgba(drawn(element) ? style.fill : style.color);
    const ratios = (grounds ?? [ground]).map((lies) => {
      const [lighter, darker] = [over([r, g, b, a * opacity(element)], lies), lies].map(luminance).sort((x, y) => y - x);
      return (lighter + 0.05) / (darker + 0.05);
    });
    const ratio = Math.min(...ratios);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const said = `“${text.data.trim().slice(0, 30)}” (${target[0]})`;
    if (ratio < needed) found.push(`${said} has a contrast of ${ratio.toFixed(2)}, not ${needed}`);
  }
  document.adoptedStyleSheets.pop();
  return { found, looked: incomplete.flatMap(({ nodes }) => nodes).length };
}"""


def rested(tab: ExplainTab) -> None:
    """What is asked for is there, and has come to rest. What is off screen may wait until it is seen."""
    tab.until(lambda: tab.frame.locator("main > *").count())
    tab.until(lambda: not tab.frame.evaluate(BUSY))
    tab.frame.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => {})))")


def audit(tab: ExplainTab, what: str) -> None:
    """No rule is violated, in light nor, as TensorBoard switches it on, in dark."""
    rested(tab)
    if not tab.frame.evaluate("'axe' in window"):
        tab.frame.evaluate(AXE.read_text())  # the content policy lets no script in
    for theme in ("light", "dark"):
        tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
        expect(tab.frame.locator("html")).to_have_attribute("data-theme", theme)
        rested(tab)
        violations = tab.frame.evaluate(AUDIT)
        assert not violations, f"{what}, in {theme}:\n" + "\n".join(violations)
        unreadable = tab.frame.evaluate(UNREADABLE)["found"]
        assert not unreadable, f"{what}, in {theme}:\n" + "\n".join(unreadable)


def select_all(tab: ExplainTab) -> None:
    box = tab.part("points").first.bounding_box()
    assert box
    tab.page.keyboard.press("r")
    tab.page.mouse.move(box["x"] + 60, box["y"] + 60)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20, steps=3)
    tab.page.mouse.up()
    tab.part("side-selection").click()


def open_help(tab: ExplainTab) -> None:
    tab.frame.get_by_role("button", name="Keyboard", exact=True).click()
    expect(tab.part("help-dialog")).to_be_visible()


def open_problems(tab: ExplainTab) -> None:
    tab.part("problems").click()
    expect(tab.part("problems-dialog")).to_be_visible()


def nothing_found(tab: ExplainTab) -> None:
    tab.page.route("**/plugin/tb_explain/runs", lambda route: route.fulfill(json={"runs": []}))
    tab.part("reload").click()
    expect(tab.part("empty-state")).to_contain_text("No explanations were found")


# What is to be seen in a view besides what it opens with, one after another.
OPENED: dict[str, dict[str, Callable[[ExplainTab], object]]] = {
    "explanations": {
        "help": open_help,
        "problems": open_problems,
        "a filter that is none": lambda tab: tab.part("tag-filter").fill("("),
        "no run": lambda tab: tab.frame.get_by_role("button", name="None").click(),
        "nothing found": nothing_found,
    },
    "sample": {
        "its filters": lambda tab: tab.part("filter").click(),
        "a sample": lambda tab: tab.frame.locator("button.choice").first.click(),
    },
    "compare": {"an enlarged pair": lambda tab: tab.part("map-pair").first.get_by_role("button").click()},
    "clusters": {"a selected cluster": lambda tab: tab.frame.locator("main canvas").first.click()},
    "projection": {"classes": lambda tab: tab.part("side-classes").click(), "a selection": select_all},
    "features": {
        "an enlarged channel": lambda tab: tab.part("channel").first.click(),
        "channels as a table": lambda tab: tab.part("form").get_by_text("Table").click(),
    },
}


@pytest.mark.parametrize("view", VIEWS)
def test_neither_a_view_nor_what_opens_in_it_violates_wcag(
    open_tab: OpenTab, every_kind: TensorBoard, view: str
) -> None:
    tab = open_tab(every_kind, "&p.tb_explain.page_size=12", view=view)
    expect(tab.part(f"view-{view}")).to_have_attribute("aria-selected", "true")
    audit(tab, view)
    for what, show in OPENED.get(view, {}).items():
        show(tab)
        audit(tab, what)
        if tab.frame.locator("dialog").count():
            tab.page.keyboard.press("Escape")
            expect(tab.frame.locator("dialog")).to_have_count(0)


def test_no_enlarged_sample_violates_wcag(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    methods = "Saliency%2CLIME%2CAblationCA%2CFeedbackNetwork%2CFilterClusters%2COcclusion"
    tab = open_tab(every_kind, f"&p.tb_explain.page_size=96&p.tb_explain.methods={methods}")
    tab.settled()
    tiles = tab.part("tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.kind)")
    assert len(set(tiles)) == 7, set(tiles)
    for kind in dict.fromkeys(tiles):
        tab.tile(0, kind=kind).locator("button.tile-open").click()
        expect(tab.part("sample-dialog")).to_be_visible()
        audit(tab, kind)
        tab.page.keyboard.press("Escape")
        expect(tab.part("sample-dialog")).to_have_count(0)
