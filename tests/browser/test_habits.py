"""What people are used to from other pages: Back, links, settings that stay, downloads, keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.habit_runs import write_runs
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

ALPHA = "&p.tb_explain.view=explanations&p.tb_explain.runs=alpha"


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir: Path = tmp_path_factory.mktemp("habits")
    write_runs(logdir)
    return tensorboard("--logdir", str(logdir))


def says(tab: ExplainTab, **expected: str | None) -> None:
    """The address says so before long."""
    tab.until(lambda: all(tab.state().get(key) == value for key, value in expected.items()))


def test_back_undoes_choices_one_by_one_and_forward_redoes_them(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    says(tab, sort="unsure")
    tab.part("outcome").get_by_text("Wrong").click()
    says(tab, show="wrong")
    tab.part("opacity").fill("0.3")  # a slider: no entry of its own
    says(tab, opacity="0.3")
    tab.part("view-features").click()
    says(tab, view="features")

    tab.page.go_back()
    expect(tab.part("outcome").get_by_role("radio", name="Wrong")).to_be_checked()
    says(tab, show="wrong", sort="unsure", opacity="0.3")
    tab.page.go_back()
    expect(tab.part("outcome").get_by_role("radio", name="All")).to_be_checked()
    says(tab, show=None, sort="unsure", opacity=None)
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    tab.page.go_forward()
    expect(tab.part("sort")).to_have_value("unsure")
    tab.page.go_forward()
    tab.page.go_forward()
    says(tab, view="features", show="wrong")
    expect(tab.part("view-features")).to_have_attribute("aria-current", "page")


def test_a_slider_a_scrub_and_a_typed_text_leave_no_more_than_one_entry(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    entries = tab.page.evaluate("history.length")
    for position in (0, 1, 2):
        tab.part("step-slider").fill(str(position))
        says(tab, step=str(10 * position))
    tab.part("size").fill("200")
    says(tab, size="200")
    assert tab.page.evaluate("history.length") == entries
    typed = tab.part("tag-filter")
    for text in ("g", "gr", "grad"):
        typed.fill(text)
        says(tab, tag_filter=text)
    assert tab.page.evaluate("history.length") == entries + 1
    tab.page.go_back()
    expect(typed).to_have_value("")
    says(tab, step="20", size="200")


def test_ctrl_z_undoes_and_never_leaves_the_page(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    address = tab.page.url
    tab.part("sort").select_option("sure")
    says(tab, sort="sure")
    tab.frame.locator("h1").click()
    for keys in ("Control+z", "Control+z", "Control+z"):  # the second and third have nothing to undo
        tab.page.keyboard.press(keys)
        expect(tab.part("sort")).to_have_value("logged")
    assert tab.page.url.partition("#")[0] == address.partition("#")[0]
    for _ in range(2):
        tab.page.keyboard.press("Control+Shift+Z")
        expect(tab.part("sort")).to_have_value("sure")
    # Where somebody types, the keys undo what was typed.
    tab.part("tag-filter").press_sequentially("cam")
    says(tab, tag_filter="cam")
    tab.part("tag-filter").press("Control+z")
    expect(tab.part("tag-filter")).not_to_have_value("cam")
    expect(tab.part("sort")).to_have_value("sure")


def test_tensorboards_own_tabs_and_back_across_them(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    says(tab, sort="unsure")
    tab.page.get_by_role("tab", name="Scalars").click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("scalars"))
    expect(tab.frame.locator("h1")).not_to_be_in_viewport()
    tab.page.go_back()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("tb_explain"))
    expect(tab.part("sort")).to_be_visible()
    expect(tab.part("sort")).to_have_value("unsure")
    # What was undone by Back before another tab was opened is not redone into that tab.
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    tab.page.get_by_role("tab", name="Scalars").click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("scalars"))
    tab.page.get_by_role("tab", name="Explain", exact=False).click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("tb_explain"))
    expect(tab.part("sort")).to_be_visible()
    tab.frame.locator("h1").click()
    tab.page.keyboard.press("Control+Shift+Z")
    tab.page.keyboard.press("Control+z")
    tab.part("sort").select_option("sure")
    says(tab, sort="sure")
    assert tab.page.url.partition("#")[2].startswith("tb_explain")

    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    expect(tab.part("sort")).to_have_value("sure")
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    # A link pasted into the address of the open page.
    pasted = tab.page.url.partition("#")[0] + "#tb_explain&p.tb_explain.view=explanations&p.tb_explain.sort=mistakes"
    tab.page.evaluate("url => { location.href = url }", pasted)
    expect(tab.part("sort")).to_have_value("mistakes")
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")


def test_the_copied_link_brings_back_what_is_shown(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    tab.part("copy-link").click()  # at once, before the address says so
    expect(tab.frame.get_by_text("Copied")).to_be_visible()
    typed = tab.part("tag-filter")
    typed.press("Control+v")
    link = typed.input_value()
    assert link.startswith(f"{server.url}#tb_explain") and "p.tb_explain.sort=unsure" in link
    assert "p.tb_explain.runs=alpha" in link


def test_settings_are_kept_for_addresses_that_say_nothing(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("opacity").fill("0.25")
    tab.part("size").fill("240")
    tab.frame.get_by_label("Speed").select_option("8")
    says(tab, opacity="0.25", size="240")
    tab.frame.get_by_label("Runs and filters", exact=True).first.click()  # closes the pane
    expect(tab.part("run-list")).to_have_count(0)

    def open_at(state: str) -> None:
        tab.page.goto("about:blank")
        tab.page.goto(f"{server.url}#tb_explain{state}")
        tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))

    open_at("")
    says(tab, opacity="0.25", size="240")
    tab.part("view-explanations").click()
    expect(tab.part("opacity")).to_have_value("0.25")
    expect(tab.frame.get_by_label("Speed")).to_have_value("8")
    expect(tab.part("run-list")).to_have_count(0)
    open_at(ALPHA)  # a link shows what its sender saw
    expect(tab.part("opacity")).to_have_value("0.6")
    open_at("")
    tab.part("view-explanations").click()
    expect(tab.part("opacity")).to_have_value("0.25")
    tab.part("reset-settings").click()
    expect(tab.part("opacity")).to_have_value("0.6")
    expect(tab.part("run-list")).to_be_visible()
    assert tab.page.evaluate("localStorage.getItem('tb_explain.settings')") is None


def test_a_browser_without_storage_shows_the_page_all_the_same(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.page.context.add_init_script(
        "if (parent !== window)"
        " Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })"
    )
    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    tab.settled()
    tab.part("opacity").fill("0.25")
    says(tab, opacity="0.25")
