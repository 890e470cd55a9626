"""How much the browser has to load before it shows something, and in all."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tb_explain.plugin.page import BUNDLE
from tests.browser import channel_runs, projection_runs
from tests.browser.conftest import OpenTab
from tests.browser.overview_runs import write_predictions
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

FIRST_VIEW = 60_000  # bytes, compressed as the plugin compresses them
ALL = 214_000


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """One run of everything that the first view tells of."""
    logdir = tmp_path_factory.mktemp("overview")
    write_predictions(logdir / "run")
    channel_runs.write_run(logdir / "run")
    projection_runs.write_run(logdir / "run", explained=False)
    return tensorboard("--logdir", str(logdir))


def compressed(name: str) -> int:
    return len(gzip.compress((BUNDLE / name).read_bytes(), 6))


def test_the_first_view_is_light(server: TensorBoard, open_tab: OpenTab) -> None:
    tab = open_tab(server, view="", viewport={"width": 1280, "height": 1400})
    expect(tab.part("trace").first).to_be_visible()
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)
    paths = {urlsplit(address).path for address in tab.requests}
    loaded = sorted(path.partition("/static/")[2] for path in paths if "/static/" in path)
    assert "index.js" in loaded
    sizes = {name: compressed(name) for name in loaded}
    assert sum(sizes.values()) <= FIRST_VIEW, f"{sum(sizes.values())} bytes: {sizes}"


def test_all_of_the_page_is_not_heavy() -> None:
    names = [str(path.relative_to(BUNDLE)) for path in BUNDLE.rglob("*") if path.is_file()]
    assert "index.js" in names, "the page is not built"
    sizes = {name: compressed(name) for name in names}
    assert sum(sizes.values()) <= ALL, f"{sum(sizes.values())} bytes: {sizes}"
    assert all(name.endswith(".js") for name in names), "style sheets belong in the scripts of their views"


def test_what_is_served_is_compressed_as_counted(server: TensorBoard) -> None:
    answer = server.get("data/plugin/tb_explain/static/index.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) == compressed("index.js")
