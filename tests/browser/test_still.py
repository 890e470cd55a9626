"""Nothing that is on screen moves when more arrives: layout shifts, as the browser counts them, while answers come late, one by one and in any order."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Browser, BrowserContext, Route

from tests.browser.conftest import ExplainTab, explain_tab
from tests.browser.test_accessibility import VIEWS
from tests.conftest import TensorBoard

pytestmark = pytest.mark.slow

# Of each shift the share of the screen times how far, and what moved from where to where.
WATCH = """() => {
  const name = node => {
    const of = node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement;
    return of ? `${of.localName}.${of.getAttribute("class") ?? ""} "${of.textContent.slice(0, 30)}"` : "something gone";
  };
  const at = ({ x, y, width, height }) => `${[x, y, width, height].map(Math.round)}`;
  window.shifts = [];
  window.watch = new PerformanceObserver(list => window.note(list.getEntries()));
  window.note = entries => {
    for (const { value, sources } of entries) {
      const moved = sources.map(({ node, previousRect, currentRect }) => `${name(node)} ${at(previousRect)} -> ${at(currentRect)}`);
      window.shifts.push([value, moved]);
    }
  };
  window.watch.observe({ type: "layout-shift", buffered: true });
}"""

SHIFTS = "() => { window.note(window.watch.takeRecords()); return window.shifts.splice(0); }"

TWO_FRAMES = "async () => { for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); }"

# As a hand would, without being one: for half a second after a real key or click, the browser expects everything to move.
STEP = """share => {
  const input = document.querySelector('[data-testid="step-slider"]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  set.call(input, Number(input.min) + Math.round((input.max - input.min) * share));
  input.dispatchEvent(new Event("input", { bubbles: true }));
}"""

UNSETTLED = """() => !document.querySelector("main > *")
  || document.querySelector('.waiting, .progress[data-busy]')
  || [...document.querySelectorAll('[aria-busy="true"]')].some(part => {
    const { top, bottom } = part.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  })"""


# Pairs that are ordered by what changed most change places as they should.
ORDERS = {"compare": "&p.tb_explain.against_sort=logged"}


class Late:
    """Holds back what the plugin answers, and lets it through little by little, in an order of its own."""

    def __init__(self, context: BrowserContext) -> None:
        self.held, self.order = list[Route](), random.Random(4)
        context.route("**/plugin/tb_explain/*", lambda route: self.held.append(route))

    def let_through(self, tab: ExplainTab) -> None:
        """Until nothing more is on its way."""

        def done() -> bool:
            self.order.shuffle(self.held)
            for route in [self.held.pop() for _ in self.held[:3]]:
                route.continue_()
            tab.frame.evaluate(TWO_FRAMES)
            return not self.held and not tab.frame.evaluate(UNSETTLED)

        tab.until(lambda: done() and done())


def moved(tab: ExplainTab) -> str:
    """What has moved since this was asked last, but for what nobody sees; empty when nothing has."""
    tab.frame.evaluate(TWO_FRAMES)
    shifts = tab.frame.evaluate(SHIFTS)
    return (
        "\n".join(f"{value:.4f} {what}" for value, what in shifts) if sum(value for value, _ in shifts) > 0.01 else ""
    )


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_moves_while_a_view_loads_nor_from_step_to_step(
    chromium: Browser, every_kind: TensorBoard, view: str
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(f"({WATCH})()")
    late = Late(context)
    tab = explain_tab(context, f"{every_kind.url}#tb_explain&p.tb_explain.view={view}{ORDERS.get(view, '')}", [])
    places = ["the view", *(["an open sample"] if view == "sample" else [])]
    found = []
    for place in places:
        if place == "an open sample":
            tab.frame.locator("button.choice").first.evaluate("button => button.click()")
        late.let_through(tab)
        found.append(f"{place} loads:\n{shifts}" if (shifts := moved(tab)) else "")
        for share in (0, 1, 0.5):
            tab.frame.evaluate(STEP, share)
            late.let_through(tab)
            found.append(f"{place} steps to {share}:\n{shifts}" if (shifts := moved(tab)) else "")
    context.close()
    assert not any(found), "\n" + "\n".join(filter(None, found))
