"""Which samples are shown: filters, what they hide, and pins that survive a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.habit_runs import LABELS, NAMES, PREDICTED, PROBABILITIES, SAMPLES, WRONG, N, write_runs
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

ALPHA = "&p.tb_explain.view=explanations&p.tb_explain.runs=alpha&p.tb_explain.methods=Saliency"
READ_NAMES = "cards => cards.map(card => card.querySelector('[data-testid=pin]').getAttribute('aria-label').slice(4))"


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir = tmp_path_factory.mktemp("filters")
    write_runs(logdir)
    return tensorboard("--logdir", str(logdir))


def shown(tab: ExplainTab) -> list[int]:
    """The samples in their order."""
    return [SAMPLES.index(name) for name in tab.frame.locator(".card").evaluate_all(READ_NAMES)]


def shows(tab: ExplainTab, samples: list[int]) -> None:
    tab.until(lambda: shown(tab) == samples)


def test_filters_leave_what_they_say_and_count_the_rest(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    shows(tab, list(range(N)))
    tab.part("filter").click()
    tab.part("sample-text").fill("PHOTO_0")
    shows(tab, list(range(1, 10)))
    expect(tab.part("filter-note")).to_have_text("9 of 12 samples")
    tab.part("sample-text").fill("wolf")  # a class, true or predicted
    shows(tab, [i for i in range(N) if "wolf" in (NAMES[LABELS[i]], NAMES[PREDICTED[i]])])
    tab.part("sample-text").fill("")

    tab.part("filter-class").fill("fox")
    shows(tab, [i for i in range(N) if 2 in (LABELS[i], PREDICTED[i])])
    tab.part("filter-role").get_by_text("True").click()
    shows(tab, [i for i in range(N) if LABELS[i] == 2])
    tab.part("filter-role").get_by_text("Predicted").click()
    of_fox = [i for i in range(N) if PREDICTED[i] == 2]
    assert of_fox != [i for i in range(N) if LABELS[i] == 2]
    shows(tab, of_fox)
    tab.part("confidence").get_by_label("Confidence from").fill("0.2")
    shows(tab, [i for i in of_fox if PROBABILITIES[i] >= 0.2])
    tab.part("confidence").get_by_label("Confidence to").fill("0.7")
    left = [i for i in of_fox if 0.2 <= PROBABILITIES[i] <= 0.7]
    assert left and left != of_fox
    shows(tab, left)
    expect(tab.part("filter-note")).to_have_text(f"{len(left)} of 12 samples")
    tab.until(
        lambda: {"of_class": "predicted%3A2", "sure_from": "0.2", "sure_to": "0.7"}.items() <= tab.state().items()
    )

    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    tab.settled()
    shows(tab, left)
    tab.part("clear-filters").click()
    shows(tab, list(range(N)))
    expect(tab.part("filter-note")).to_have_count(0)
    tab.until(lambda: "of_class" not in tab.state())  # an entry of its own, not one with what comes next
    tab.part("outcome").get_by_text("Wrong").click()
    shows(tab, list(WRONG))
    expect(tab.part("filter-note")).to_have_text("2 of 12 samples")
    tab.until(lambda: "show" in tab.state())
    tab.page.go_back()
    shows(tab, list(range(N)))


def test_pinned_samples_come_first_and_survive_a_reload(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("pin").nth(7).click()
    shows(tab, [7, *[i for i in range(N) if i != 7]])
    tab.part("tile").nth(3).click()  # sample 2
    dialog = tab.part("sample-dialog")
    dialog.get_by_test_id("pin").click()
    expect(dialog.get_by_test_id("pin")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.press("Escape")
    pinned_first = [2, 7, *[i for i in range(N) if i not in (2, 7)]]
    shows(tab, pinned_first)
    tab.until(lambda: "pinned" in tab.state() and "sample" not in tab.state())
    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    tab.settled()
    shows(tab, pinned_first)
    tab.part("sort").select_option("sure")
    shows(tab, [7, 2, *[i for i in reversed(range(N)) if i not in (2, 7)]])
    tab.part("filter").click()
    tab.part("pinned-only").check()
    shows(tab, [7, 2])
    tab.page.keyboard.press("Escape")  # closes the pane
    expect(tab.part("filter-pane")).to_have_count(0)
    tab.part("pin").first.click()
    shows(tab, [2])


def test_nothing_left_says_so(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{ALPHA}&p.tb_explain.find=nowhere")
    expect(tab.part("nothing-left")).to_have_text("No sample passes the filters at this step.")
    tab.part("clear-filters").click()
    shows(tab, list(range(N)))


def test_a_class_has_one_colour_in_cards_and_in_the_dialog(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    colour = "dots => dots.map(dot => getComputedStyle(dot).backgroundColor)"
    cards = tab.frame.locator(".card").nth(1).locator(".class-dot").evaluate_all(colour)  # wolf → fox
    assert len(set(cards)) == 2
    tab.part("tile").nth(1).click()
    targets = tab.part("sample-dialog").locator(".targets .class-dot").evaluate_all(colour)
    assert targets == cards[1:]  # explained for the predicted class
